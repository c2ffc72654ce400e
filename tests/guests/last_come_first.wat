  ;; One server that serves the request that came last, without interruption.
  (func $simulate (param $next i32) (param $end i32) (param $length i32)
    (local $top i32) (local $request i32) (local $free i64)
    (local.set $top (i32.const 0x6000000))
    (loop $entries
      ;; Requests that come before the server is free wait on the stack.
      (block $waiting
        (loop $arrivals
          (br_if $waiting (i32.ge_u (local.get $next) (local.get $end)))
          (br_if $waiting (i64.ge_u (i64.load offset=8 (local.get $next)) (local.get $free)))
          (i32.store (local.get $top) (local.get $next))
          (local.set $top (i32.add (local.get $top) (i32.const 4)))
          (local.set $next (i32.add (local.get $next) (local.get $length)))
          (br $arrivals)))
      (if (i32.eq (local.get $top) (i32.const 0x6000000))
        (then
          (if (i32.ge_u (local.get $next) (local.get $end)) (then (return)))
          (local.set $request (local.get $next))
          (local.set $next (i32.add (local.get $next) (local.get $length)))
          (local.set $free (i64.load offset=8 (local.get $request))))
        (else
          (local.set $top (i32.sub (local.get $top) (i32.const 4)))
          (local.set $request (i32.load (local.get $top)))))
      (call $completion (local.get $request) (local.get $free)
        (i64.add (local.get $free) (i64.load offset=16 (local.get $request)))
        (i64.load offset=16 (local.get $request)))
      (local.set $free (i64.add (local.get $free) (i64.load offset=16 (local.get $request))))
      (br $entries)))
