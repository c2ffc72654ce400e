;; Writes "sorry" and ends with the exit code in its first argument; traps if that is 0.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\20\00\00\00" "\05\00\00\00")
  (data (i32.const 32) "sorry")
  (func $hopeless unreachable)
  (func (export "_start")
    (local $at i32) (local $code i32)
    (drop (call $fd_write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))
    (drop (call $args_get (i32.const 64) (i32.const 128)))
    (local.set $at (i32.load (i32.const 68)))
    (loop $digits
      (local.set $code
        (i32.add (i32.mul (local.get $code) (i32.const 10))
          (i32.sub (i32.load8_u (local.get $at)) (i32.const 48))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $digits (i32.load8_u (local.get $at))))
    (if (i32.eqz (local.get $code)) (then (call $hopeless)))
    (call $proc_exit (local.get $code))))
