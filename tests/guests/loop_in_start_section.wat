;; Loops before `_start` is called at all.
(module
  (memory (export "memory") 1)
  (func $early (loop $forever (br $forever)))
  (start $early)
  (func (export "_start")))
