(module
  (memory (export "memory") 1)
  (func $divide (param $by i32) (result i32) (i32.div_u (i32.const 1) (local.get $by)))
  (func (export "_start") (drop (call $divide (i32.const 0)))))
