  ;; One server, first in, first out. It decides demands itself: both halves of the bits of a NaN, XORed. The NaN is
  ;; made in a different way for each request, from NaNs of either sign and of several payloads.
  (func $nan (param $way i32) (result i64)
    ;; These values are not constants: there are zeros at 128.
    (local $zero f64) (local $a f64) (local $b f64)
    (local.set $zero (f64.load (i32.const 128)))
    (local.set $a (f64.reinterpret_i64 (i64.or (i64.const 0x7ff4000000000001) (i64.load (i32.const 128)))))
    (local.set $b (f64.reinterpret_i64 (i64.or (i64.const 0xfffcab0000000def) (i64.load (i32.const 128)))))
    (block $8 (block $7 (block $6 (block $5 (block $4 (block $3 (block $2 (block $1 (block $0
      (br_table $0 $1 $2 $3 $4 $5 $6 $7 $8 (local.get $way)))
      (return (i64.reinterpret_f64 (f64.div (local.get $zero) (local.get $zero)))))
      (return (i64.reinterpret_f64 (f64.sqrt (f64.sub (local.get $zero) (f64.const 1))))))
      (return (i64.reinterpret_f64 (f64.add (local.get $a) (local.get $b)))))
      (return (i64.reinterpret_f64 (f64.add (local.get $b) (local.get $a)))))
      (return (i64.reinterpret_f64 (f64.min (f64.const 1) (local.get $b)))))
      (return (i64.reinterpret_f64 (f64.promote_f32 (f32.demote_f64 (local.get $b))))))
      (return (i64.reinterpret_f64 (f64.promote_f32 (f32.div (f32.load (i32.const 128)) (f32.load (i32.const 128)))))))
      (return (i64.reinterpret_f64 (f64.floor (local.get $b)))))
    (i64.reinterpret_f64
      (f64x2.extract_lane 1 (f64x2.mul (f64x2.splat (local.get $b)) (f64x2.splat (local.get $a))))))

  (func $simulate (param $at i32) (param $end i32) (param $length i32)
    (local $start i64) (local $free i64) (local $bits i64)
    (loop $requests
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return)))
      (local.set $start (i64.load offset=8 (local.get $at)))
      (if (i64.gt_u (local.get $free) (local.get $start)) (then (local.set $start (local.get $free))))
      (local.set $bits (call $nan (i32.wrap_i64 (i64.rem_u (i64.load (local.get $at)) (i64.const 9)))))
      (local.set $bits
        (i64.xor (i64.shr_u (local.get $bits) (i64.const 32)) (i64.and (local.get $bits) (i64.const 0xffffffff))))
      (local.set $free (i64.add (local.get $start) (local.get $bits)))
      (call $completion (local.get $at) (local.get $start) (local.get $free) (local.get $bits))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (br $requests)))
