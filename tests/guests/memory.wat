;; Takes memory, a MiB at a time, and writes to it.
(module
  (memory (export "memory") 1)
  (func (export "_start")
    (local $page i32)
    (loop $more
      (local.set $page (memory.grow (i32.const 16)))
      (i32.store (i32.mul (local.get $page) (i32.const 0x10000)) (i32.const 1))
      (br_if $more (i32.ne (local.get $page) (i32.const -1))))))
