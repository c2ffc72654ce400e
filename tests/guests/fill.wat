;; Fills all of its 256 MiB repeatedly, with one instruction each time.
(module
  (memory (export "memory") 4096)
  (func (export "_start")
    (loop $forever
      (memory.fill (i32.const 0) (i32.const 1) (i32.const 0x10000000))
      (br $forever))))
