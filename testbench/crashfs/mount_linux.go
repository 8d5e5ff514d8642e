package crashfs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// ErrCannot says that this machine does not let us mount: no /dev/fuse, or not
// the right to.
var ErrCannot = errors.New("crashfs: cannot mount")

// FS is a mounted folder. Safe for concurrent use.
type FS struct {
	journal *Journal
	server  *fuse.Server

	mu    sync.Mutex // one change at a time: the journal's order is the disk's
	hook  func(Change) syscall.Errno
	names map[string]FileID
	last  FileID
}

// Mount mounts a recording file system at dir. What it holds is kept in
// backing, an empty folder elsewhere, best in memory: syncing is recorded and
// not done. Unmount ends it; a process that dies leaves a dead mount.
// The error is an ErrCannot where FUSE is not to be had.
func Mount(dir, backing string) (*FS, error) {
	left, err := os.ReadDir(backing)
	if err != nil {
		return nil, err
	}
	if len(left) > 0 {
		return nil, fmt.Errorf("crashfs: %s is not empty", backing)
	}
	if _, err := os.Stat("/dev/fuse"); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCannot, err)
	}
	f := &FS{journal: new(Journal), names: map[string]FileID{}}
	var st syscall.Stat_t
	if err := syscall.Stat(backing, &st); err != nil {
		return nil, err
	}
	root := &fs.LoopbackRoot{Path: backing, Dev: uint64(st.Dev)}
	//lint:ignore SA1019 its successor wraps a second node around each file
	root.NewNode = func(r *fs.LoopbackRoot, _ *fs.Inode, _ string, _ *syscall.Stat_t) fs.InodeEmbedder {
		return &node{LoopbackNode: fs.LoopbackNode{RootData: r}, fs: f}
	}
	top := &node{LoopbackNode: fs.LoopbackNode{RootData: root}, fs: f}
	root.RootNode = top
	// Names are not cached: they are asked for again each time, as cheap as the rest.
	f.server, err = fs.Mount(dir, top, &fs.Options{MountOptions: fuse.MountOptions{
		FsName: "crashfs", DirectMountStrict: true, DisableXAttrs: true, MaxWrite: 1 << 20}})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCannot, err)
	}
	return f, nil
}

// Journal is what was done so far and will be.
func (f *FS) Journal() *Journal { return f.journal }

// Hook has h asked before every change; nil: nobody is. An error that it
// returns is the program's answer, and the change is not made, but for a Sync,
// which is recorded as failed. h must not touch the mounted folder.
func (f *FS) Hook(h func(Change) syscall.Errno) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = h
}

// Unmount ends the file system. It fails while files are open on it.
func (f *FS) Unmount() error { return f.server.Unmount() }

// change asks the hook, does what do does, and records it.
func (f *FS) change(c Change, do func(*Change) syscall.Errno) syscall.Errno {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hook != nil {
		if errno := f.hook(c); errno != 0 {
			if c.Kind == Sync {
				c.Failed = true
				f.journal.add(c)
			}
			return errno
		}
	}
	if do != nil {
		if errno := do(&c); errno != 0 {
			return errno
		}
	}
	f.journal.add(c)
	return 0
}

// node is a file or folder of the backing one.
type node struct {
	fs.LoopbackNode
	fs *FS
}

var (
	_ fs.NodeCreater        = (*node)(nil)
	_ fs.NodeOpener         = (*node)(nil)
	_ fs.NodeUnlinker       = (*node)(nil)
	_ fs.NodeRenamer        = (*node)(nil)
	_ fs.NodeMkdirer        = (*node)(nil)
	_ fs.NodeRmdirer        = (*node)(nil)
	_ fs.NodeSetattrer      = (*node)(nil)
	_ fs.NodeLinker         = (*node)(nil)
	_ fs.NodeSymlinker      = (*node)(nil)
	_ fs.NodeMknoder        = (*node)(nil)
	_ fs.NodeCopyFileRanger = (*node)(nil)
)

func (n *node) path(name string) string { return path.Join(n.Path(n.Root()), name) }

// shared reports whether a file is SQLite's shared memory: mapped, never
// synced, and made anew by who opens the file first after a crash.
func shared(name string) bool { return strings.HasSuffix(name, "-shm") }

// openFlags: each write reaches us as it is made; shared memory must be mapped.
func openFlags(name string) uint32 {
	if shared(name) {
		return 0
	}
	return fuse.FOPEN_DIRECT_IO
}

func (n *node) Create(ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut) (in *fs.Inode, fh fs.FileHandle, fl uint32, errno syscall.Errno) {
	if shared(name) {
		in, fh, _, errno = n.LoopbackNode.Create(ctx, name, flags, mode, out)
		return in, fh, openFlags(name), errno
	}
	at := n.path(name)
	var id FileID
	errno = n.fs.change(Change{Kind: Create, Path: at}, func(c *Change) (errno syscall.Errno) {
		in, fh, _, errno = n.LoopbackNode.Create(ctx, name, flags|syscall.O_EXCL, mode, out)
		if errno == 0 {
			n.fs.last++
			id, c.File = n.fs.last, n.fs.last
			n.fs.names[at] = id
		}
		return errno
	})
	if errno != 0 {
		return nil, nil, 0, errno
	}
	return in, n.handle(fh, id), openFlags(name), 0
}

func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	at := n.path("")
	fh, _, errno := n.LoopbackNode.Open(ctx, flags&^syscall.O_TRUNC)
	if errno != 0 || shared(at) {
		return fh, openFlags(at), errno
	}
	n.fs.mu.Lock()
	id := n.fs.names[at]
	n.fs.mu.Unlock()
	h := n.handle(fh, id)
	if flags&syscall.O_TRUNC != 0 {
		errno = n.fs.change(Change{Kind: Truncate, File: id}, func(*Change) syscall.Errno {
			return h.Setattr(ctx, &fuse.SetAttrIn{SetAttrInCommon: fuse.SetAttrInCommon{Valid: fuse.FATTR_SIZE}}, new(fuse.AttrOut))
		})
	}
	return h, openFlags(at), errno
}

func (n *node) handle(fh fs.FileHandle, id FileID) *handle {
	return &handle{fh.(*fs.LoopbackFile), n.fs, id}
}

func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	if shared(name) {
		return n.LoopbackNode.Unlink(ctx, name)
	}
	at := n.path(name)
	return n.fs.change(Change{Kind: Remove, Path: at}, func(*Change) syscall.Errno {
		errno := n.LoopbackNode.Unlink(ctx, name)
		if errno == 0 {
			delete(n.fs.names, at)
		}
		return errno
	})
}

func (n *node) Rename(ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32) syscall.Errno {
	target, ok := to.(*node)
	if !ok || flags != 0 {
		return syscall.ENOTSUP
	}
	from, at := n.path(name), target.path(newName)
	return n.fs.change(Change{Kind: Rename, Path: from, To: at}, func(*Change) syscall.Errno {
		errno := n.LoopbackNode.Rename(ctx, name, &target.LoopbackNode, newName, 0)
		if errno != 0 {
			return errno
		}
		if id, ok := n.fs.names[from]; ok {
			delete(n.fs.names, from)
			n.fs.names[at] = id
		}
		return 0
	})
}

func (n *node) Mkdir(ctx context.Context, name string, mode uint32, out *fuse.EntryOut) (in *fs.Inode, errno syscall.Errno) {
	errno = n.fs.change(Change{Kind: Mkdir, Path: n.path(name)}, func(*Change) (errno syscall.Errno) {
		in, errno = n.LoopbackNode.Mkdir(ctx, name, mode, out)
		return errno
	})
	return in, errno
}

func (n *node) Rmdir(ctx context.Context, name string) syscall.Errno {
	return n.fs.change(Change{Kind: Rmdir, Path: n.path(name)}, func(*Change) syscall.Errno {
		return n.LoopbackNode.Rmdir(ctx, name)
	})
}

func (n *node) Setattr(ctx context.Context, fh fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	size, ok := in.GetSize()
	at := n.path("")
	if !ok || shared(at) {
		return n.LoopbackNode.Setattr(ctx, bare(fh), in, out)
	}
	c := Change{Kind: Truncate, Size: int64(size)}
	if h, ok := fh.(*handle); ok {
		c.File = h.file
	} else {
		n.fs.mu.Lock()
		c.File = n.fs.names[at]
		n.fs.mu.Unlock()
	}
	return n.fs.change(c, func(*Change) syscall.Errno { return n.LoopbackNode.Setattr(ctx, bare(fh), in, out) })
}

// bare is the handle that the loopback knows.
func bare(fh fs.FileHandle) fs.FileHandle {
	if h, ok := fh.(*handle); ok {
		return h.LoopbackFile
	}
	return fh
}

func (n *node) OpendirHandle(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	fh, fl, errno := n.LoopbackNode.OpendirHandle(ctx, flags)
	if errno != 0 {
		return nil, 0, errno
	}
	return &folderHandle{fh.(stream), n}, fl, 0
}

// stream is what the loopback's handle of a folder can do.
type stream interface {
	fs.FileReaddirenter
	fs.FileSeekdirer
	fs.FileReleasedirer
}

// folderHandle is an open folder.
type folderHandle struct {
	stream
	n *node
}

func (h *folderHandle) Fsyncdir(context.Context, uint32) syscall.Errno {
	return h.n.fs.change(Change{Kind: SyncDir, Path: h.n.path("")}, nil)
}

func (n *node) Link(ctx context.Context, of fs.InodeEmbedder, name string, out *fuse.EntryOut) (in *fs.Inode, errno syscall.Errno) {
	target, ok := of.(*node)
	if !ok {
		return nil, syscall.ENOTSUP
	}
	from, at := target.path(""), n.path(name)
	errno = n.fs.change(Change{Kind: Link, Path: from, To: at}, func(*Change) (errno syscall.Errno) {
		in, errno = n.LoopbackNode.Link(ctx, &target.LoopbackNode, name, out)
		if errno == 0 {
			n.fs.names[at] = n.fs.names[from]
		}
		return errno
	})
	return in, errno
}

// What the journal has no words for is refused.

func (n *node) Symlink(context.Context, string, string, *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return nil, syscall.ENOTSUP
}

func (n *node) Mknod(context.Context, string, uint32, uint32, *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	return nil, syscall.ENOTSUP
}

func (n *node) CopyFileRange(context.Context, fs.FileHandle, uint64, *fs.Inode, fs.FileHandle, uint64, uint64, uint64) (uint32, syscall.Errno) {
	return 0, syscall.ENOTSUP
}

// handle is an open file.
type handle struct {
	*fs.LoopbackFile
	fs   *FS
	file FileID
}

var (
	_ fs.FileWriter    = (*handle)(nil)
	_ fs.FileFsyncer   = (*handle)(nil)
	_ fs.FileAllocater = (*handle)(nil)
)

// PassthroughFd keeps the kernel from writing behind our back.
func (h *handle) PassthroughFd() (int, bool) { return 0, false }

func (h *handle) Write(ctx context.Context, data []byte, off int64) (n uint32, errno syscall.Errno) {
	c := Change{Kind: Write, File: h.file, Off: off, Data: append([]byte(nil), data...)}
	errno = h.fs.change(c, func(c *Change) (errno syscall.Errno) {
		n, errno = h.LoopbackFile.Write(ctx, data, off)
		c.Data = c.Data[:n]
		return errno
	})
	return n, errno
}

func (h *handle) Fsync(context.Context, uint32) syscall.Errno {
	return h.fs.change(Change{Kind: Sync, File: h.file}, nil)
}

// Allocate is refused: programs then write what they need.
func (h *handle) Allocate(context.Context, uint64, uint64, uint32) syscall.Errno {
	return syscall.ENOTSUP
}
