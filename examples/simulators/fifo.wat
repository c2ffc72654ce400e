;; One server, first in, first out. It sets no capability bits.
(module
  (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  ;; 0: an iovec (address, length), 8: the number of bytes read or written, 0x10000: 64 KiB of requests, 0x20000: completions,
  ;; which begin with their header: magic, version 1, record length 32, zeros.
  (memory (export "memory") 4)
  (data (i32.const 0x20000) "QBOXCPL\n\01\00\00\00\20\00\00\00")

  (func $write_until (param $end i32) (local $at i32)
    (local.set $at (i32.const 0x20000))
    (loop $more
      (i32.store (i32.const 0) (local.get $at))
      (i32.store (i32.const 4) (i32.sub (local.get $end) (local.get $at)))
      (if (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $exit (i32.const 1))))
      (local.set $at (i32.add (local.get $at) (i32.load (i32.const 8))))
      (br_if $more (i32.lt_u (local.get $at) (local.get $end)))))

  (func (export "_start")
    (local $length i32) (local $have i32) (local $got i32) (local $at i32) (local $out i32)
    (local $start i64) (local $free i64)
    (local.set $out (i32.const 0x20020))
    (loop $more
      ;; Read after the part of the next record that is already there.
      (i32.store (i32.const 0) (i32.add (i32.const 0x10000) (local.get $have)))
      (i32.store (i32.const 4) (i32.sub (i32.const 0x10000) (local.get $have)))
      (if (call $fd_read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)) (then (call $exit (i32.const 1))))
      (local.set $got (i32.load (i32.const 8)))
      (local.set $have (i32.add (i32.const 0x10000) (i32.add (local.get $have) (local.get $got))))
      (local.set $at (i32.const 0x10000))
      ;; The header, once: take the length of every record from it, and skip it.
      (if (i32.and (i32.eqz (local.get $length)) (i32.ge_u (local.get $have) (i32.const 0x10030))) (then
        (if (i32.or (i64.ne (i64.load (i32.const 0x10000)) (i64.const 0x0a514552584f4251)) ;; QBOXREQ\n
            (i32.or (i32.ne (i32.load (i32.const 0x10008)) (i32.const 1))
                    (i32.gt_u (i32.sub (i32.load (i32.const 0x1000c)) (i32.const 48)) (i32.const 4048))))
          (then (call $exit (i32.const 65))))
        (if (i32.ge_u (local.get $have) (i32.add (i32.const 0x10000) (i32.load (i32.const 0x1000c)))) (then
          (local.set $length (i32.load (i32.const 0x1000c)))
          (local.set $at (i32.add (local.get $at) (local.get $length)))))))
      (block $no_more (loop $next
        (br_if $no_more (i32.or (i32.eqz (local.get $length))
          (i32.gt_u (i32.add (local.get $at) (local.get $length)) (local.get $have))))
        ;; start = max(arrival, free); free = start + demand
        (local.set $start (i64.load offset=8 (local.get $at)))
        (if (i64.gt_u (local.get $free) (local.get $start)) (then (local.set $start (local.get $free))))
        (local.set $free (i64.add (local.get $start) (i64.load offset=16 (local.get $at))))
        (i64.store offset=0 (local.get $out) (i64.load (local.get $at)))
        (i64.store offset=8 (local.get $out) (local.get $start))
        (i64.store offset=16 (local.get $out) (local.get $free))
        (i64.store offset=24 (local.get $out) (i64.load offset=16 (local.get $at)))
        (local.set $out (i32.add (local.get $out) (i32.const 32)))
        (local.set $at (i32.add (local.get $at) (local.get $length)))
        (br $next)))
      (if (i32.gt_u (local.get $out) (i32.const 0x20000)) (then (call $write_until (local.get $out))))
      (local.set $out (i32.const 0x20000))
      ;; Move the part of the next record to the start of the buffer.
      (local.set $have (i32.sub (local.get $have) (local.get $at)))
      (memory.copy (i32.const 0x10000) (local.get $at) (local.get $have))
      (br_if $more (local.get $got)))
    (if (i32.or (i32.eqz (local.get $length)) (local.get $have)) (then (call $exit (i32.const 65))))))
