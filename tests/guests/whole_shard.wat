;; A simulator by somebody who reads the whole shard before he answers. SAYS, LENGTH, DIRECTION and SIMULATE are marks that
;; a test replaces: what it says of itself, how long it takes records to be, forward or backward, and what it makes of
;; its requests.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  ;; 0: vector of fd_read and fd_write, 8: bytes read or written, 64: header of the answers, 128: a test's own; 1 MiB: the
  ;; shard, 64 MiB: its answers, 96 MiB: whoever waits.
  (memory (export "memory") 2048)
  (data (i32.const 64) "QBOXCPL\n\01\00\00\00\20\00\00\00SAYS")
  (global $answers (mut i32) (i32.const 0x4000000))

  ;; Reads all there is, and returns where it ends; reads may be short.
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

  ;; Keeps an answer to the request at $request, to be written at the end.
  (func $answer (param $request i32) (param $start i64) (param $finish i64) (param $service i64)
    (i64.store (global.get $answers) (i64.load (local.get $request)))
    (i64.store offset=8 (global.get $answers) (local.get $start))
    (i64.store offset=16 (global.get $answers) (local.get $finish))
    (i64.store offset=24 (global.get $answers) (local.get $service))
    (global.set $answers (i32.add (global.get $answers) (i32.const 32))))

  (func $forward
    (call $write (i32.const 0x4000000) (i32.sub (global.get $answers) (i32.const 0x4000000))))

  (func $backward
    (loop $more
      (if (i32.eq (global.get $answers) (i32.const 0x4000000)) (then (return)))
      (global.set $answers (i32.sub (global.get $answers) (i32.const 32)))
      (call $write (global.get $answers) (i32.const 32))
      (br $more)))

  ;; Who says that he honours DISCIPLINE refuses words that he does not know: all but fifo and lifo, whichever of them he is.
  (func $check_discipline
    (local $at i32) (local $word i32)
    (if (i32.eqz (i32.and (i32.load8_u (i32.const 80)) (i32.const 2))) (then (return)))
    (drop (call $environ_get (i32.const 0x7f00000) (i32.const 0x7f01000)))
    (local.set $at (i32.const 0x7f01000))
    (loop $next
      (if (i64.eq (i64.load (local.get $at)) (i64.const 0x494c504943534944)) (then
        (local.set $word (i32.load offset=11 (local.get $at)))
        (if (i32.or (i32.eq (local.get $word) (i32.const 0x6f666966)) (i32.eq (local.get $word) (i32.const 0x6f66696c)))
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
    ;; What the header says, at its byte 12.
    (local.set $length LENGTH)
    (call $simulate (i32.add (i32.const 0x100000) (local.get $length)) (local.get $end) (local.get $length))
    (call $DIRECTION)))
