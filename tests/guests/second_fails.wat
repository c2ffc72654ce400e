;; A simulator that serves no request: it writes its header, and on worker 2, if its shard has requests, does the steps
;; that a test puts in place of the mark. It finds its number in the environment, whose strings begin at 1024.
(module
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 4)
  (table 1 funcref)
  ;; The header of completions, with capability 8 (DELAY) alone.
  (data (i32.const 64) "QBOXCPL\n\01\00\00\00\20\00\00\00\08\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")

  ;; Whether the environment contains "WORKER=2".
  (func $is_second (result i32)
    (local $at i32)
    (drop (call $environ_get (i32.const 512) (i32.const 1024)))
    (local.set $at (i32.const 1024))
    (loop $next
      (if (i64.eq (i64.load (local.get $at)) (i64.const 0x323d52454b524f57)) (then (return (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 2048))))
    (i32.const 0))

  ;; Completes one request of the shard: it starts at its arrival, at which a DELAY of 1 ends the simulation.
  (func $completion
    (i64.store (i32.const 128) (i64.load (i32.const 0x10000)))
    (i64.store (i32.const 136) (i64.load (i32.const 0x10008)))
    (i64.store (i32.const 144) (i64.const -1))
    (i64.store (i32.const 152) (i64.const 0))
    (i32.store (i32.const 0) (i32.const 128))
    (i32.store (i32.const 4) (i32.const 32))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))

  (func $deeper (call $deeper))

  (func $run (export "_start")
    (i32.store (i32.const 0) (i32.const 64))
    (i32.store (i32.const 4) (i32.const 32))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    ;; The header, then one request.
    (i32.store (i32.const 0) (i32.const 0x10000))
    (i32.store (i32.const 4) (i32.const 48))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (i32.eqz (i32.load (i32.const 8))) (then (return)))
    (if (call $is_second) (then
      ;; FAILURE
    ))
    (call $completion)))
