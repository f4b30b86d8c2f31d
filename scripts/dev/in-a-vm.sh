#!/usr/bin/env bash
# in-a-vm.sh COMMAND...: runs the command as root on a kernel of Debian's, in a virtual machine that sees this machine's
# files; what it writes is forgotten. For what depends on the kernel: cgroups of version 2 with all controllers.
#
# Needs qemu-system-x86, busybox, cpio, and the network at first use (apt-get download). Without KVM it is some ten times
# slower than the machine. ODOOOPS_DEV_VM names the folder of the kernel, ODOOOPS_DEV_VM_MB the memory.
set -euo pipefail

folder=${ODOOOPS_DEV_VM:-${XDG_CACHE_HOME:-$HOME/.cache}/odooops-vm}
modules=(virtio_ring virtio virtio_pci_legacy_dev virtio_pci_modern_dev virtio_pci netfs fscache 9pnet 9pnet_virtio 9p overlay)

main() {
    [ "$#" -gt 0 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
    mkdir -p "$folder"
    compgen -G "$folder/kernel/boot/vmlinuz-*" > /dev/null || fetch_kernel
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    make_start "$work/start" "$@"
    (cd "$work/start" && find . | cpio --create --format=newc --quiet | gzip -1) > "$work/start.gz"
    # Its own export of /: read-only, so that nothing of this machine changes.
    qemu-system-x86_64 -accel "${ODOOOPS_DEV_VM_ACCEL:-tcg}" -m "${ODOOOPS_DEV_VM_MB:-2500}" -nographic -no-reboot -nic none \
        -kernel "$(echo "$folder"/kernel/boot/vmlinuz-*)" -initrd "$work/start.gz" \
        -append "console=ttyS0 quiet panic=1 tsc=reliable" \
        -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap < /dev/null | tee "$work/said"
    grep -q "^in-a-vm: status 0" "$work/said"
}

# Debian's general kernel: the one for clouds has no 9p.
fetch_kernel() {
    local name
    name=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: *//p' | head -1)
    (cd "$folder" && apt-get download "$name" && dpkg --extract linux-image-*.deb kernel && rm linux-image-*.deb)
}

make_start() {
    local start=$1 module; shift
    mkdir -p "$start"/{bin,modules,proc,sys,dev,host,written,root}
    cp "$(command -v busybox)" "$start/bin/busybox"
    for module in "${modules[@]}"; do
        find "$folder"/kernel/lib/modules -name "$module.ko" -exec cp {} "$start/modules/" \;
    done
    { echo "cd $(printf %q "$PWD")"; printf '%q ' "$@"; echo; } > "$start/command"
    cat > "$start/init" <<INIT
#!/bin/busybox sh
B=/bin/busybox
\$B mount -t proc proc /proc; \$B mount -t sysfs sys /sys; \$B mount -t devtmpfs dev /dev
for module in ${modules[*]}; do [ -f /modules/\$module.ko ] && \$B insmod /modules/\$module.ko; done
\$B mount -t 9p -o trans=virtio,version=9p2000.L,ro,msize=512000,cache=loose host /host
\$B mount -t tmpfs written /written; \$B mkdir /written/upper /written/work
\$B mount -t overlay -o lowerdir=/host,upperdir=/written/upper,workdir=/written/work root /root
\$B mount -t proc proc /root/proc; \$B mount -t sysfs sys /root/sys; \$B mount -t devtmpfs dev /root/dev
\$B mkdir -p /root/dev/shm /root/dev/pts
for place in tmp run dev/shm; do \$B mount -t tmpfs \$B /root/\$place; done
\$B chmod 1777 /root/tmp /root/dev/shm
\$B mount -t cgroup2 cgroup /root/sys/fs/cgroup
\$B cp /command /root/tmp/command
exec \$B switch_root /root /bin/bash -c '
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8
    ip link set lo up
    bash /tmp/command; echo "in-a-vm: status \$?"
    echo o > /proc/sysrq-trigger; sleep 60'
INIT
    chmod +x "$start/init"
}

main "$@"
