;; A simulator that reads its whole shard before it completes a request. A test replaces the marks: SAYS by its
;; capabilities, LENGTH by the length of records, DIRECTION by forward or backward, and SIMULATE by the discipline.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  ;; 0: iovec of fd_read and fd_write, 8: bytes read or written, 64: header of the completions, 128: for the test; 1
  ;; MiB: the shard, 64 MiB: its completions, 96 MiB: waiting requests.
  (memory (export "memory") 2048)
  (data (i32.const 64) "QBOXCPL\n\01\00\00\00\20\00\00\00SAYS")
  (global $completions (mut i32) (i32.const 0x4000000))

  ;; Reads everything, and returns its end; reads may be short.
  (func $read_all (result i32)
    (local $end i32)
    (local.set $end (i32.const 0x100000))
    (loop $more
      (i32.store (i32.const 0) (local.get $end))
      (i32.store (i32.const 4) (i32.const 0x10000))
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $proc_exit (i32.const 1))))
      (local.set $end (i32.add (local.get $end) (i32.load (i32.const 8))))
      (br_if $more (i32.load (i32.const 8))))
    (local.get $end))

  ;; Writes $length bytes from $at; writes may be short too.
  (func $write (param $at i32) (param $length i32)
    (loop $more
      (if (i32.eqz (local.get $length)) (then (return)))
      (i32.store (i32.const 0) (local.get $at))
      (i32.store (i32.const 4) (local.get $length))
      (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $proc_exit (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
      (local.set $length (i32.sub (local.get $length) (i32.load (i32.const 8))))
      (br $more)))

  ;; Keeps a completion of the request at $request, which is written at the end.
  (func $completion (param $request i32) (param $start i64) (param $finish i64) (param $service i64)
    (i64.store (global.get $completions) (i64.load (local.get $request)))
    (i64.store offset=8 (global.get $completions) (local.get $start))
    (i64.store offset=16 (global.get $completions) (local.get $finish))
    (i64.store offset=24 (global.get $completions) (local.get $service))
    (global.set $completions (i32.add (global.get $completions) (i32.const 32))))

  (func $forward
    (call $write (i32.const 0x4000000) (i32.sub (global.get $completions) (i32.const 0x4000000))))

  (func $backward
    (loop $more
      (if (i32.eq (global.get $completions) (i32.const 0x4000000)) (then (return)))
      (global.set $completions (i32.sub (global.get $completions) (i32.const 32)))
      (call $write (global.get $completions) (i32.const 32))
      (br $more)))

  ;; With the capability DISCIPLINE it rejects unknown values: all but fifo, the default, and the one that it simulates.
  (func $check_discipline
    (local $at i32) (local $word i32)
    (if (i32.eqz (i32.and (i32.load8_u (i32.const 80)) (i32.const 2))) (then (return)))
    (drop (call $environ_get (i32.const 0x7f00000) (i32.const 0x7f01000)))
    (local.set $at (i32.const 0x7f01000))
    (loop $next
      (if (i64.eq (i64.load (local.get $at)) (i64.const 0x494c504943534944)) (then
        (local.set $word (i32.load offset=11 (local.get $at)))
        (if (i32.or (i32.eq (local.get $word) (i32.const 0x6f666966)) (i32.eq (local.get $word) (i32.const WORD)))
          (then (return)))
        (call $proc_exit (i32.const 64))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 0x7f02000)))))

  ;; SIMULATE

  (func (export "_start")
    (local $end i32) (local $length i32)
    (call $check_discipline)
    (call $write (i32.const 64) (i32.const 32))
    (local.set $end (call $read_all))
    ;; The capabilities of the header, at its byte 12.
    (local.set $length LENGTH)
    (call $simulate (i32.add (i32.const 0x100000) (local.get $length)) (local.get $end) (local.get $length))
    (call $DIRECTION)))
