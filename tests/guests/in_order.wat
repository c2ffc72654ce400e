  ;; One server, first in, first out. A test replaces two marks: one before service, which may change $start and
  ;; $service, and one after it, which may change the completion's $finish and $service.
  (func $simulate (param $at i32) (param $end i32) (param $length i32)
    (local $arrival i64) (local $start i64) (local $service i64) (local $finish i64) (local $free i64)
    ;; The number of requests in the system; their finishes are from 96 MiB on.
    (local $taken i32)
    (loop $requests
      (if (i32.ge_u (local.get $at) (local.get $end)) (then (return)))
      (local.set $arrival (i64.load offset=8 (local.get $at)))
      (local.set $service (i64.load offset=16 (local.get $at)))
      (local.set $start
        (select (local.get $arrival) (local.get $free) (i64.gt_u (local.get $arrival) (local.get $free))))
      (block $turned_away
        ;; BEFORE
        (local.set $finish (i64.add (local.get $start) (local.get $service)))
        (local.set $free (local.get $finish))
        (i64.store (i32.add (i32.const 0x6000000) (i32.shl (local.get $taken) (i32.const 3))) (local.get $finish))
        (local.set $taken (i32.add (local.get $taken) (i32.const 1)))
        ;; AFTER
        (call $completion (local.get $at) (local.get $start) (local.get $finish) (local.get $service)))
      (local.set $at (i32.add (local.get $at) (local.get $length)))
      (br $requests)))
