;; Writes a header of completions. If its shard has requests, it then does the steps that a test puts in place of the
;; marks.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  ;; 0: iovec, 8: bytes read or written, 64: output, 64 KiB: input.
  (memory (export "memory") 16)
  (data (i32.const 64) "DATA")

  (func $read (param $length i32) (result i32)
    (i32.store (i32.const 0) (i32.const 0x10000))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (i32.load (i32.const 8)))

  (func $write (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func (export "_start")
    ;; The header and all of the first request except its last byte.
    (if (i32.eq (call $read (i32.const 95)) (i32.const 48))
      (then (call $write (i32.const 64) (i32.const 32)) (return)))
    ;; SCRIPT
  ))
