# A worker: the host alone, static, and the two folders that it writes to. Nothing is pulled, nothing else is inside.
# `make workers` builds it from bin/worker.
FROM scratch
COPY host /host
COPY --chown=65534:65534 empty/ /job/
COPY --chown=65534:65534 empty/ /shared/
USER 65534:65534
ENTRYPOINT ["/host"]
CMD ["job", "/job/job.json"]
