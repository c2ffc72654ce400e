  ;; One server that all requests use in turn, each for 1 µs at a time, or for an eighth of a longer demand. In the
  ;; shard, the block of a request is replaced by the service that it has received, and its sizes by the start.
  (func $simulate (param $next i32) (param $end i32) (param $length i32)
    (local $head i32) (local $request i32) (local $now i64) (local $slice i64)
    (local.set $head (i32.const 0x6000000))
    (global.set $tail (local.get $head))
    (loop $slices
      (if (i32.eq (local.get $head) (global.get $tail)) (then
        (if (i32.ge_u (local.get $next) (local.get $end)) (then (return)))
        (local.set $now (i64.load offset=8 (local.get $next)))
        (call $joins (local.get $next))
        (local.set $next (i32.add (local.get $next) (local.get $length)))))
      (local.set $request (i32.load (local.get $head)))
      (local.set $head (i32.add (local.get $head) (i32.const 4)))
      (if (i64.eqz (i64.load offset=24 (local.get $request)))
        (then (i64.store offset=32 (local.get $request) (local.get $now))))
      (local.set $slice (call $slice (local.get $request)))
      (local.set $now (i64.add (local.get $now) (local.get $slice)))
      (i64.store offset=24 (local.get $request)
        (i64.add (i64.load offset=24 (local.get $request)) (local.get $slice)))
      ;; Requests that arrived meanwhile are queued before the one that returns to the end of the queue.
      (block $joined
        (loop $arrivals
          (br_if $joined (i32.ge_u (local.get $next) (local.get $end)))
          (br_if $joined (i64.ge_u (i64.load offset=8 (local.get $next)) (local.get $now)))
          (call $joins (local.get $next))
          (local.set $next (i32.add (local.get $next) (local.get $length)))
          (br $arrivals)))
      (if (i64.eq (i64.load offset=24 (local.get $request)) (i64.load offset=16 (local.get $request)))
        (then
          (call $completion (local.get $request) (i64.load offset=32 (local.get $request)) (local.get $now)
            (i64.load offset=16 (local.get $request))))
        (else (call $queue (local.get $request))))
      (br $slices)))

  (global $tail (mut i32) (i32.const 0))

  (func $joins (param $request i32)
    (i64.store offset=24 (local.get $request) (i64.const 0))
    (call $queue (local.get $request)))

  (func $queue (param $request i32)
    (i32.store (global.get $tail) (local.get $request))
    (global.set $tail (i32.add (global.get $tail) (i32.const 4))))

  ;; The length of its next turn.
  (func $slice (param $request i32) (result i64)
    (local $turn i64) (local $left i64)
    (local.set $turn (i64.shr_u (i64.load offset=16 (local.get $request)) (i64.const 3)))
    (if (i64.lt_u (local.get $turn) (i64.const 1000)) (then (local.set $turn (i64.const 1000))))
    (local.set $left
      (i64.sub (i64.load offset=16 (local.get $request)) (i64.load offset=24 (local.get $request))))
    (select (local.get $turn) (local.get $left) (i64.lt_u (local.get $turn) (local.get $left))))
