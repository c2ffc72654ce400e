;; Sleeps an hour, then a thousand years; its exit code is the result.
(module
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func (export "_start")
    ;; A subscription of 48 bytes: its kind, a clock, is 0; the clock, monotonic, is 1; the time is at 24.
    (i32.store (i32.const 16) (i32.const 1))
    (i64.store (i32.const 24) (i64.const 3600000000000))
    (if (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)) (then (call $proc_exit (i32.const 1))))
    (i64.store (i32.const 24) (i64.const -1))
    (if (call $poll_oneoff (i32.const 0) (i32.const 64) (i32.const 1) (i32.const 128)) (then (call $proc_exit (i32.const 2))))
    (if (i32.ne (i32.load (i32.const 128)) (i32.const 1)) (then (call $proc_exit (i32.const 3))))
    (call $proc_exit (i32.const 42))))
