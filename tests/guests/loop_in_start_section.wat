;; Loops in its start function, before `_start` is called.
(module
  (memory (export "memory") 1)
  (func $early (loop $forever (br $forever)))
  (start $early)
  (func (export "_start")))
