;; Calls through a table what has another type, and what is not there.
(module
  (type $answer (func (result i32)))
  (memory (export "memory") 1)
  (table 2 funcref)
  (elem (i32.const 0) $_start)
  (func $_start (export "_start") (drop (call_indirect (type $answer) (i32.const 0)))))
