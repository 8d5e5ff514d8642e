package update

import "syscall"

// stNoExec is ST_NOEXEC of statfs.
const stNoExec = 8

// room tells how much a folder's partition can still take, and whether programs
// there may be started. Kernels before 2.6.36 do not tell the latter.
func room(dir string) (free uint64, noExec bool, err error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, false, err
	}
	return uint64(st.Bavail) * uint64(st.Bsize), int64(st.Flags)&stNoExec != 0, nil
}
