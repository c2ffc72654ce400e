;; Begins with a table of four thousand million elements.
(module
  (memory (export "memory") 1)
  (table 0xffffffff funcref)
  (func (export "_start")))
