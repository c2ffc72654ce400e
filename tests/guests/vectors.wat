;; Iovecs beyond the end of memory, or too many, must return "bad address" (21) or "invalid" (28). Overlapping ones are
;; valid: a thousand with the same 64 bytes. Ends with 42 if so.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $must (param $error i32) (param $wanted i32) (param $number i32)
    (if (i32.ne (local.get $error) (local.get $wanted)) (then (call $proc_exit (local.get $number)))))
  (func $vector (param $at i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $at))
    (i32.store (i32.const 4) (local.get $length)))
  (func $read (param $count i32) (result i32)
    (call $fd_read (i32.const 0) (i32.const 0) (local.get $count) (i32.const 60000)))
  (func $write (param $count i32) (result i32)
    (call $fd_write (i32.const 2) (i32.const 0) (local.get $count) (i32.const 60000)))
  (func (export "_start") (local $number i32)
    ;; One byte, and all of memory, beyond the end.
    (call $vector (i32.const 65500) (i32.const 37))
    (call $must (call $read (i32.const 1)) (i32.const 21) (i32.const 1))
    (call $must (call $write (i32.const 1)) (i32.const 21) (i32.const 2))
    (call $vector (i32.const -1) (i32.const -1))
    (call $must (call $read (i32.const 1)) (i32.const 21) (i32.const 3))
    (call $must (call $write (i32.const 1)) (i32.const 21) (i32.const 4))
    ;; The iovecs themselves, and the address of the count.
    (call $must (call $fd_read (i32.const 0) (i32.const 65532) (i32.const 1) (i32.const 8)) (i32.const 21) (i32.const 5))
    (call $must (call $fd_write (i32.const 2) (i32.const -8) (i32.const 1) (i32.const 8)) (i32.const 21) (i32.const 6))
    (call $vector (i32.const 64) (i32.const 0))
    (call $must (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 65533)) (i32.const 21) (i32.const 7))
    (call $must (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const -1)) (i32.const 21) (i32.const 8))
    ;; Too many.
    (call $must (call $read (i32.const 1025)) (i32.const 28) (i32.const 9))
    (call $must (call $write (i32.const -1)) (i32.const 28) (i32.const 10))
    ;; Other functions that write to memory.
    (call $must (call $random_get (i32.const 65530) (i32.const 7)) (i32.const 21) (i32.const 11))
    (call $must (call $clock_time_get (i32.const 0) (i64.const 0) (i32.const 65529)) (i32.const 21) (i32.const 12))
    (call $must (call $clock_time_get (i32.const 4) (i64.const 0) (i32.const 0)) (i32.const 28) (i32.const 13))
    ;; Each iovec except the first contains itself and more.
    (loop $more
      (i32.store (i32.shl (local.get $number) (i32.const 3)) (i32.const 64))
      (i32.store offset=4 (i32.shl (local.get $number) (i32.const 3)) (i32.const 64))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $number) (i32.const 1000))))
    (call $must (call $write (i32.const 1000)) (i32.const 0) (i32.const 14))
    (call $must (i32.load (i32.const 60000)) (i32.const 64000) (i32.const 15))
    (call $must (call $read (i32.const 1000)) (i32.const 0) (i32.const 16))
    (call $proc_exit (i32.const 42))))
