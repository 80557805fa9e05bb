//go:build unix

package pgtest

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// account returns who the server runs as: PostgreSQL refuses root, so then it is
// the user that its package has made.
func account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("who PostgreSQL runs as: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}

// asServer makes a command one of the server's user, in its language.
func asServer(cmd *exec.Cmd) (*exec.Cmd, error) {
	who, err := account()
	if err != nil {
		return nil, err
	}
	cmd.Dir, cmd.Env = "/", append(os.Environ(), "LC_ALL=C")
	// A group of its own: Ctrl-C at the test ends the test, which ends the server.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true}
	return cmd, nil
}

// give makes files the server's user's.
func give(files ...string) error {
	who, err := account()
	if who == nil || err != nil {
		return err
	}
	for _, name := range files {
		if err := os.Chown(name, int(who.Uid), int(who.Gid)); err != nil {
			return err
		}
	}
	return nil
}
