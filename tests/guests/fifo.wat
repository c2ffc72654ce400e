;; A simulator written from the contract alone: one server, first in, first out. It supports no setting, so its
;; capabilities are 0.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  ;; 0: iovec of fd_read and fd_write, 8: bytes read or written, 64: header of the completions, 64 KiB: requests, 128
  ;; KiB: completions.
  (memory (export "memory") 3)
  (data (i32.const 64) "QBOXCPL\n" "\01\00\00\00" "\20\00\00\00" "\00\00\00\00\00\00\00\00" "\00\00\00\00\00\00\00\00")
  (global $free (mut i64) (i64.const 0))

  ;; Reads up to $length bytes to 64 KiB, fewer only at the end; reads may be short.
  (func $read (param $length i32) (result i32)
    (local $filled i32)
    (block $end
      (loop $more
        (br_if $end (i32.eq (local.get $filled) (local.get $length)))
        (i32.store (i32.const 0) (i32.add (i32.const 0x10000) (local.get $filled)))
        (i32.store (i32.const 4) (i32.sub (local.get $length) (local.get $filled)))
        (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $proc_exit (i32.const 1))))
        (br_if $end (i32.eqz (i32.load (i32.const 8))))
        (local.set $filled (i32.add (local.get $filled) (i32.load (i32.const 8))))
        (br $more)))
    (local.get $filled))

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

  ;; Completes the request at $request with a record at $completion.
  (func $serve (param $request i32) (param $completion i32)
    (local $arrival i64)
    (local.set $arrival (i64.load offset=8 (local.get $request)))
    (if (i64.gt_u (local.get $arrival) (global.get $free)) (then (global.set $free (local.get $arrival))))
    (i64.store (local.get $completion) (i64.load (local.get $request)))
    (i64.store offset=8 (local.get $completion) (global.get $free))
    (global.set $free (i64.add (global.get $free) (i64.load offset=16 (local.get $request))))
    (i64.store offset=16 (local.get $completion) (global.get $free))
    (i64.store offset=24 (local.get $completion) (i64.load offset=16 (local.get $request))))

  (func (export "_start")
    (local $record i32) (local $filled i32) (local $at i32) (local $completion i32)
    (call $write (i32.const 64) (i32.const 32))
    ;; The header: its first 48 bytes, of which 8 to 12 are the version and 12 to 16 the length of a record; then its rest.
    (if (i32.ne (call $read (i32.const 48)) (i32.const 48)) (then (call $proc_exit (i32.const 65))))
    (if (i64.ne (i64.load (i32.const 0x10000)) (i64.const 0x0a514552584f4251)) (then (call $proc_exit (i32.const 65))))
    (if (i32.ne (i32.load (i32.const 0x10008)) (i32.const 1)) (then (call $proc_exit (i32.const 65))))
    (local.set $record (i32.load (i32.const 0x1000c)))
    (drop (call $read (i32.sub (local.get $record) (i32.const 48))))
    (loop $chunks
      ;; As many whole records as 64 KiB hold.
      (local.set $filled
        (call $read (i32.mul (local.get $record) (i32.div_u (i32.const 0x10000) (local.get $record)))))
      (if (i32.rem_u (local.get $filled) (local.get $record)) (then (call $proc_exit (i32.const 65))))
      (local.set $at (i32.const 0))
      (local.set $completion (i32.const 0x20000))
      (block $served
        (loop $records
          (br_if $served (i32.ge_u (local.get $at) (local.get $filled)))
          (call $serve (i32.add (i32.const 0x10000) (local.get $at)) (local.get $completion))
          (local.set $at (i32.add (local.get $at) (local.get $record)))
          (local.set $completion (i32.add (local.get $completion) (i32.const 32)))
          (br $records)))
      (call $write (i32.const 0x20000) (i32.sub (local.get $completion) (i32.const 0x20000)))
      (br_if $chunks (local.get $filled)))))
