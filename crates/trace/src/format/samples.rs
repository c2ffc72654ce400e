//! A made-up sample of each format, as `(name, text)` in the order of names. The start alone must be enough to recognise the format.

/// A sample of each format but `records`, with its name.
pub const SAMPLES: &[(&str, &[u8])] = &[
    (
        "alibaba-block",
        b"419,W,8792731648,16384,1577808144360767\n\
          725,R,59110326272,360448,1577808144360813\n\
          12,R,350868463616,8192,1577808144360852\n",
    ),
    ("azure-functions-2021", b"app,func,end_timestamp,duration\na,f,0.25,0.125\nb,g,57.5,57.25\na,f,58,0\n"),
    (
        "azure-llm",
        b"TIMESTAMP,ContextTokens,GeneratedTokens\n\
          2024-05-10 00:00:00.009930+00:00,2162,5\n\
          2024-05-10 00:00:00.517335+00:00,2399,6\n\
          2024-05-10 00:00:01+00:00,76,15\n",
    ),
    (
        "burstgpt",
        b"Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n\
          7,ChatGPT,480,16,496,Conversation log\n\
          7,GPT-4,612,0,612,API log\n\
          48.5,ChatGPT,33,210,243,API log\n",
    ),
    (
        "cloudphysics",
        b"version,time,op,size,lbn\n1,5633898,2a,512,42932745\n1,5633898,28,4096,7\n1,5633899,8A,512,42932747\n",
    ),
    (
        "combined",
        br#"192.0.2.7 - - [05/Nov/2023:01:59:59 -0400] "GET /a HTTP/1.1" 200 512 "-" "curl/8.0"
2001:db8::7 - alice [05/Nov/2023:01:00:00 -0500] "POST /form?x=1 HTTP/2.0" 201 20 "https://example.org/" "a \"b\" [c]" 1500
192.0.2.7 - - [05/Nov/2023:01:00:00 -0500] "GET /a?b HTTP/1.1" 304 -
198.51.100.1 - - [05/Nov/2023:06:00:01 +0000] "\x16\x03\x01\\" 400 157 "-" "-" "-"
198.51.100.1 - - [05/Nov/2023:06:00:01 +0000] "-" 408 0 "-" "-"
"#,
    ),
    ("csv", b"arrival_ms,service_ms\n0,8\n3,8\n5,2\n"),
    (
        "fio-iolog",
        b"fio version 3 iolog\n\
          0 /dev/sdx add\n\
          12 /dev/sdx open\n\
          40 /dev/sdx read 4096 8192\n\
          95 /dev/sdx write 8192 4096\n\
          98 /dev/sdx sync 0 0\n\
          100 /dev/sdy trim 0 2147483648\n\
          110 /dev/sdx close\n",
    ),
    (
        "haproxy",
        br#"<134>Mar 15 10:30:00 lb haproxy[812]: 192.0.2.7:4711 [15/Mar/2024:10:30:00.250] http-in static/web1 0/0/1/30/31 200 900 - - ---- 1/1/1/1/0 0/0 "GET /a?b HTTP/1.1"
2001:db8::7:4712 [15/Mar/2024:10:30:00.255] http-in~ app/web2 0/12/1/6/+19 200 +120 - id=7 --VN 2/2/1/1/0 0/3 {example.org|a b} {} "POST https://example.org/b HTTP/2.0"
Mar 15 10:30:01 lb haproxy[812]: Server app/web2 is DOWN, reason: Layer4 timeout.
Mar 15 10:30:01 lb haproxy[812]: 192.0.2.9:4713 [15/Mar/2024:10:30:01.100] http-in/1: Connection error during SSL handshake
2024-03-15T10:30:01.300Z lb haproxy[812]: 192.0.2.8:4714 [15/Mar/2024:10:30:01.250] http-in http-in/<NOSRV> -1/-1/-1/-1/50 400 187 - - PR-- 2/2/0/0/0 0/0 "<BADREQ>"
192.0.2.7:4715 [15/Mar/2024:10:30:01.500] http-in static/web1 0/0/0/2/2 200 5000 - - ---- 1/1/1/1/0 0/0 "GET /long?and-cut
"#,
    ),
    (
        "jmeter",
        b"timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,\
         grpThreads,allThreads,URL,Latency,IdleTime,Connect\n\
         1710498600250,354,log in,200,OK,Users 1-1,text,true,,2781,133,1,1,http://example.org/login,354,0,275\n\
         1710498600262,12,\"find, then buy\",500,\"Oh, no\",Users 1-2,text,false,\"a \"\"b\"\"\nc\",350,140,2,2,http://example.org/,9,0,1\n\
         1710498600250,400,shop,200,\"Number of samples in transaction : 2, number of failing samples : 1\",Users 1-1,,false,,3131,273,1,1,null,363,0,276\n\
         1710498600650,10,log in,200,OK,Users 1-1,text,true,,2781,133,1,1,http://example.org/login,10,0,0\n",
    ),
    (
        "k6",
        b"metric_name,timestamp,metric_value,check,error,expected_response,group,method,name,status,url,extra_tags,metadata\n\
         http_reqs,1710498600,1.000000,,,true,,GET,a,200,https://example.org/a?b=1,,\n\
         http_req_duration,1710498600,52.250000,,,true,,GET,a,200,https://example.org/a?b=1,,\n\
         vus,1710498600,3.000000,,,,,,,,,,\n\
         http_reqs,1710498601,1.000000,,,true,,POST,c,201,https://example.org/c,,\n\
         http_req_duration,1710498601,12.000000,,,true,,POST,c,201,https://example.org/c,,\n\
         checks,1710498601,1.000000,\"is fine, \"\"or not\"\"\",,,,,,,,,\n",
    ),
    (
        "libcachesim-csv",
        b"# time, object, size, next_access_vtime\n\
          0, 13053225291711363978, 737, 3\n\
          0, 55, 12, -1\n\
          3, 13053225291711363978, 737, -1\n",
    ),
    (
        "mooncake",
        b"{\"timestamp\": 27, \"input_length\": 6955, \"output_length\": 52, \"hash_ids\": [46, 47, 2353]}\n\
          {\"timestamp\": 292.091419, \"input_length\": 640, \"output_length\": 9, \"hash_ids\": [7]}\n\
          {\"timestamp\": 292.091419, \"input_length\": 80, \"output_length\": 3, \"hash_ids\": []}\n\
          {\"timestamp\": 3027, \"input_length\": 6472, \"output_length\": 26, \"hash_ids\": [46, 47]}\n",
    ),
    ("mqsim", b"938513000 4 264719034 16 0\n938828000  3\t197570570 16 1\n938944000 13 93230992 32 0\n"),
    (
        "msr",
        b"128166372003061629,web,1,Read,383496192,32768,413\n\
          128166372003061639,web,1,Write,4096,512,16\n\
          128166372028061629,src1,0,Read,0,65536,2002\n",
    ),
    (
        "nginx",
        br#"192.0.2.7 - - [05/Nov/2023:01:59:59 -0400] "GET /a?b HTTP/1.1" 200 512 "-" "curl/8.0" 0.012
2001:db8::7 - - [05/Nov/2023:01:00:00 -0500] "HEAD /b HTTP/1.1" 200 0 "-" "a \x22b\x22" "203.0.113.9" 0.105
192.0.2.7 - alice [05/Nov/2023:01:00:01 -0500] "POST /c HTTP/2.0" 201 64 "https://example.org/" "Mozilla/5.0 (X11)" 0.050
198.51.100.1 - - [05/Nov/2023:06:00:01 +0000] "\x16\x03\x01" 400 157 "-" "-" 0.000
"#,
    ),
    // The first record starts like text: its time is "aaaa", and its object has line breaks.
    (
        "oracle-general",
        b"aaaa\n\n\n\n\n\n\n\n\0\x02\0\0\x03\0\0\0\0\0\0\0\
          aaaa\x08\0\0\0\0\0\0\0\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff\
          caaa\x07\0\0\0\0\0\0\0\0\x02\0\0\xff\xff\xff\xff\xff\xff\xff\x7f",
    ),
    ("original", b"0,0,r,17,8\n1500.5,0,w,4294967296,1\n1500.5,3,R,0,0\n"),
    (
        "spc",
        b"0,20941264,8192,W,0.551706,Alpha/NT\n\
          0,20939840,8192,W,0.554041\n\
          3, 3436288,\t15872, r, 0.554041,0x123,5.99,test\n\
          1,3435888,512,w,1.250720\n",
    ),
    (
        "splitwise",
        b"request_id,request_type,application_id,arrival_timestamp,batch_size,prompt_size,token_size\n\
          0,2,4,1,1,4096,32\n\
          1,2,0,2.25,1,2048,8\n\
          2,2,0,4,1,2048,16\n",
    ),
    (
        "swf",
        b"; Version: 2.2\n\
         ; UnixStartTime: 749433603\n\
         \x20   1       0   -1  1451 128   -1   -1  100   -1 -1  1   1  3  7  1 -1 -1 -1\n\
         \x20   2    1460.5 -1    -1  64   -1   -1   64   -1 -1  5   2  3 -1 -1 -1 -1 -1\n\
         \x20   3    5198   10     0  -1   -1   -1   -1   -1 -1  0   1  4  7  2 -1 -1 -1\n\
         \x20   3      -1   10    10  -1   -1   -1   -1   -1 -1  2   1  4  7  2 -1 -1 -1\n",
    ),
    (
        "systor17",
        b"Timestamp,Response,IOType,LUN,Offset,Size\n\
          1456135200.013118000,0.000806000,W,4,8192,4096\n\
          1456135200.013218000,,,4,0,512\n\
          1456135201.263118000,0.000125000,R,4,899056122368,131072\n",
    ),
    (
        "vegeta",
        b"1710498600250000007,200,5120000,0,3,,YWJj,attack,0,GET,http://example.org/a,Q29udGVudC1MZW5ndGg6IDMNCg0K\n\
         1710498600270000007,0,30000000000,12,0,\"Post \"\"http://example.org/b\"\": timeout, at last\",,attack,1,POST,http://example.org/b,\n\
         1710498600290000007,0,10,0,0,no targets to attack,,attack,2,,,\n",
    ),
    ("vidur", b"arrived_at,num_prefill_tokens,num_decode_tokens\n0.0,4808,10\n0.051,3180,8\n0.098189,110,27\n"),
];

#[cfg(test)]
pub(super) use tests::{arrivals, hashed, sample};

#[cfg(test)]
mod tests {
    use random::streams::fnv1a;

    use super::super::{FORMATS, Shape};
    use super::SAMPLES;
    use crate::reader::tests::{Outcome, read};

    /// The sample of the format called `name`.
    pub(in super::super) fn sample(name: &str) -> &'static [u8] {
        SAMPLES.iter().find(|(other, _)| *other == name).unwrap().1
    }

    /// The arrivals of a trace \[ns\], and the offset that was subtracted.
    pub(in super::super) fn arrivals(read: &Outcome) -> (Vec<u64>, i64) {
        (read.requests.iter().map(|request| request.arrival_ns).collect(), read.summary.offset_ns)
    }

    /// The client of this name.
    pub(in super::super) fn hashed(name: &str) -> u32 {
        let hash = fnv1a(name.as_bytes());
        (hash ^ (hash >> 32)) as u32
    }

    #[test]
    fn a_sample_fits_its_format_alone() {
        for (name, text) in SAMPLES {
            let read = read(text);
            assert_eq!((read.summary.files[0].format, read.requests.is_empty()), (*name, false));
        }
    }

    #[test]
    fn every_format_has_a_sample() {
        let has_none = |name: &str| SAMPLES.iter().all(|(other, _)| *other != name);
        for format in FORMATS.iter().filter(|format| !matches!(format.shape, Shape::Records)) {
            assert!(!has_none(format.name), "{}", format.name);
        }
    }

    /// The documents show the first lines of each sample that is text.
    #[test]
    fn the_samples_are_in_docs() {
        let text = |&(name, bytes): &(&'static str, &'static [u8])| Some((name, std::str::from_utf8(bytes).ok()?));
        let is_text = |text: &&str| !text.contains('\0');
        let shown = SAMPLES.iter().filter_map(text).filter(|(_, text)| is_text(text)).map(|(name, text)| {
            let lines: Vec<&str> = text.lines().take(3).map(str::trim_end).collect();
            format!("### {name}\n\n```text\n{}\n```\n", lines.join("\n"))
        });
        let expected = shown.collect::<Vec<_>>().join("\n");
        let document = include_str!("../../../../docs/formats.md");
        assert!(document.contains(&expected), "docs/formats.md lacks:\n{expected}");
    }
}
