;; Renumbers its stdout to descriptor 0, and writes its header there; it completes no request.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_renumber" (func $fd_renumber (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\40\00\00\00" "\20\00\00\00")
  (data (i32.const 64) "QBOXCPL\n" "\01\00\00\00" "\20\00\00\00")
  (func (export "_start")
    (drop (call $fd_renumber (i32.const 1) (i32.const 0)))
    (if (call $fd_write (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (unreachable)))))
