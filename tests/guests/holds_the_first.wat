;; Completes every request at once except the first, which it never completes.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  ;; With capability 16 it decides demands itself, so that a completion may have none.
  (data (i32.const 0) "\40\00\00\00" "\20\00\00\00")
  (data (i32.const 64) "QBOXCPL\n" "\01\00\00\00" "\20\00\00\00" "\10")
  (data (i32.const 16) "\00\04\00\00" "\30\00\00\00")
  (func (export "_start") (local $number i32)
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop $more
      (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 8)))
      (if (i32.eqz (i32.load (i32.const 8))) (then (return)))
      ;; The header is 0, the first request 1.
      (if (i32.gt_u (local.get $number) (i32.const 1)) (then
        (i64.store (i32.const 64) (i64.load (i32.const 0x400)))
        (i64.store (i32.const 72) (i64.load (i32.const 0x408)))
        (i64.store (i32.const 80) (i64.load (i32.const 0x408)))
        (i64.store (i32.const 88) (i64.const 0))
        (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br $more))))
