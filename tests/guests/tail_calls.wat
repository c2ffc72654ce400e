;; Calls itself without end and without a stack.
(module
  (memory (export "memory") 1)
  (func $again (export "_start") (return_call $again)))
