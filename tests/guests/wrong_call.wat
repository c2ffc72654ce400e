;; Calls functions of another type, and missing functions, through a table.
(module
  (type $completion (func (result i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $_start)
  (func $_start (export "_start") (drop (call_indirect (type $completion) (i32.const 0)))))
