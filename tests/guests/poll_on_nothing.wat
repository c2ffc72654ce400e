;; Polls nothing, too much, and addresses beyond the end of memory; each call must return "invalid" (28) or "bad
;; address" (21) at once. Ends with 42 if so.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $must (param $error i32) (param $wanted i32) (param $number i32)
    (if (i32.ne (local.get $error) (local.get $wanted)) (then (call $proc_exit (local.get $number)))))
  (func (export "_start")
    (call $must (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 0) (i32.const 128)) (i32.const 28) (i32.const 1))
    (call $must (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const -1) (i32.const 128)) (i32.const 28) (i32.const 2))
    (call $must (call $poll_oneoff (i32.const 65500) (i32.const 64) (i32.const 1) (i32.const 128)) (i32.const 21) (i32.const 3))
    (call $must (call $poll_oneoff (i32.const 0) (i32.const 65530) (i32.const 1) (i32.const 128)) (i32.const 21) (i32.const 4))
    (call $must (call $poll_oneoff (i32.const -1) (i32.const -1) (i32.const 1) (i32.const -1)) (i32.const 21) (i32.const 5))
    (call $proc_exit (i32.const 42))))
