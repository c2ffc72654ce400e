;; Makes each call that a test puts in place of the mark a thousand times; each must fail. Ends with 42 where they do, else
;; with the number of the first that succeeds.
(module
  ;; IMPORTS
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 64) "/etc/passwd")
  (func (export "_start") (local $times i32)
    (loop $more
      ;; CALLS
      (local.set $times (i32.add (local.get $times) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $times) (i32.const 1000))))
    (call $proc_exit (i32.const 42))))
