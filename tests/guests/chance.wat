;; Sleeps an hour, then serves its only request with times from the clock and from a random number; with capability 16
;; it decides demands itself.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get" (func $clock_time_get (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random_get (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\00\10\00\00" "\00\01\00\00")
  (data (i32.const 16) "\40\00\00\00" "\20\00\00\00")
  (data (i32.const 24) "\60\00\00\00" "\20\00\00\00")
  (data (i32.const 64) "QBOXCPL\n" "\01\00\00\00" "\20\00\00\00" "\10")
  (func (export "_start")
    (drop (call $fd_write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (drop (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))
    (if (i32.eq (i32.load (i32.const 8)) (i32.const 48)) (then (return)))
    ;; A subscription of 48 bytes: its kind, a clock, is 0; the clock, monotonic, is 1; the time is at 24.
    (i32.store (i32.const 528) (i32.const 1))
    (i64.store (i32.const 536) (i64.const 3600000000000))
    (drop (call $poll_oneoff (i32.const 512) (i32.const 768) (i32.const 1) (i32.const 8)))
    ;; The completion at 96.
    (drop (call $clock_time_get (i32.const 1) (i64.const 1) (i32.const 104)))
    (drop (call $random_get (i32.const 120) (i32.const 4)))
    (i64.store (i32.const 112) (i64.add (i64.load (i32.const 104)) (i64.load (i32.const 120))))
    (drop (call $fd_write (i32.const 1) (i32.const 24) (i32.const 1) (i32.const 8)))))
