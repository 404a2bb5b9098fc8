#!/bin/busybox sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The first program of the Linux that record_linux.py records: it makes a load of some twenty processes, has the kernel
# trace its scheduler for a while, and prints the trace, compressed, between two marks. One word of the kernel's command
# line, rivet_seconds=N, says for how long.
#
# Shell loops wait by reading from a pipe into which nobody writes, with a time limit, and compute by counting: so each
# process is one task from the beginning to the end.

/bin/busybox mkdir -p /proc /sys /tmp /bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
mount -t tracefs tracefs /sys/kernel/tracing
cd /tmp || exit 1
mkfifo never requests

name() { printf %s "$1" > /proc/self/comm; }
pause() { read -t "$1" -r nothing <&9; }
count() { n=0; while [ $n -lt "$1" ]; do n=$((n + 1)); done; }

# A server: reads the number of a client, works, answers.
server() {
    name server
    while read -r client <&8; do
        count $((2 + client))
        echo done > "reply$client"
    done
}

# A client asks, waits for the answer, and thinks for a while.
client() {
    name "client$1"
    exec 7<>"reply$1"
    while :; do
        echo "$1" > requests
        read -r answer <&7
        count 3
        pause "$2"
    done
}

# Works a little, every so many seconds.
periodic() {
    name "periodic$1"
    while :; do
        count "$3"
        pause "$2"
    done
}

exec 9<>never 8<>requests
clients="1 2 3 4 5 6 7 8 9"
for i in $clients; do mkfifo "reply$i"; done
server & server &
for i in $clients; do client "$i" "0.00$i" & done
periodic 1 0.005 5 & periodic 2 0.010 20 & periodic 3 0.016 80 & periodic 4 0.040 200 & periodic 5 0.100 600 &
(cat /dev/urandom | gzip -1 > /dev/null) & # the compressor, and who feeds it
(cat /bin/busybox /dev/urandom | md5sum) &
pause 0.5

trace=/sys/kernel/tracing
seconds=$(sed 's/.*rivet_seconds=\([0-9]*\).*/\1/' /proc/cmdline)
echo 65536 > $trace/buffer_size_kb
for event in sched_switch sched_wakeup sched_wakeup_new; do echo 1 > $trace/events/sched/$event/enable; done
echo 1 > $trace/tracing_on
pause "$seconds"
echo 0 > $trace/tracing_on

echo "rivet: trace begins"
gzip -c < $trace/trace | base64
echo "rivet: trace ends"
poweroff -f
