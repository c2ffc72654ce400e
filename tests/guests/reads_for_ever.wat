;; Writes its header and reads on, even at the end; it never completes a request.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "\40\00\00\00" "\20\00\00\00")
  (data (i32.const 16) "\00\04\00\00" "\00\00\01\00")
  (data (i32.const 64) "QBOXCPL\n" "\01\00\00\00" "\20\00\00\00")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    (loop $more
      (drop (call $fd_read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 8)))
      (br_if $more (i32.load (i32.const 8))))))
