;; Opens a file a hundred thousand times, by every descriptor in turn; each call must return "bad descriptor" (8), or
;; "not a directory" (54) for a stream. Ends with 42 if so.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "/etc/passwd")
  (func (export "_start") (local $number i32) (local $error i32)
    (loop $more
      (local.set $error
        (call $path_open (i32.and (local.get $number) (i32.const 7)) (i32.const 0) (i32.const 64) (i32.const 11)
          (i32.const 1) (i64.const 2) (i64.const 2) (i32.const 0) (i32.const 8)))
      (if (i32.and (i32.ne (local.get $error) (i32.const 8)) (i32.ne (local.get $error) (i32.const 54)))
        (then (call $proc_exit (i32.add (i32.const 100) (local.get $error)))))
      (local.set $number (i32.add (local.get $number) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $number) (i32.const 100000))))
    (call $proc_exit (i32.const 42))))
