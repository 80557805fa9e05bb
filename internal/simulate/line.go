package simulate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// tries is how many updates a command waits for a stable weight.
const tries = 200

// maxCommand is longer than any command.
const maxCommand = 64

// Serve answers commands on a line until it ends or ctx does, and closes it.
func (b *Balance) Serve(ctx context.Context, line io.ReadWriteCloser) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { line.Close() })()
	commands, ended := make(chan string), make(chan error, 1)
	go func() { ended <- listen(ctx, line, commands) }()
	err := b.converse(ctx, line, commands)
	cancel()
	line.Close()
	if reading := <-ended; err == nil {
		err = reading
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// listen hands on commands. What is too long or not ended by CR LF is a command that
// nobody knows.
func listen(ctx context.Context, line io.Reader, commands chan<- string) error {
	defer close(commands)
	r := bufio.NewReaderSize(line, maxCommand)
	for {
		raw, err := r.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
		command := ""
		if n := len(raw); err == nil && n > 1 && raw[n-2] == '\r' {
			command = string(raw[:n-2])
		}
		select {
		case commands <- command:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (b *Balance) converse(ctx context.Context, line io.Writer, commands <-chan string) error {
	t := &talk{balance: b}
	for {
		var update <-chan time.Time
		if t.waiting != "" {
			update = time.After(b.settings.Every)
		}
		said, err := "", error(nil)
		select {
		case <-ctx.Done():
			return nil
		case <-update:
			said, err = t.update()
		case command, ok := <-commands:
			if !ok {
				return nil
			}
			said, err = t.command(command)
		}
		if err == nil && said != "" {
			_, err = io.WriteString(line, said+"\r\n")
		}
		if err != nil {
			return err
		}
	}
}

// A talk is what a balance has in mind of one line.
type talk struct {
	balance *Balance
	waiting string // the command that waits for a stable weight
	left    int    // updates that it may take
}

// command returns what is said to a command at once.
func (t *talk) command(command string) (string, error) {
	switch command {
	case "@", "I4":
		if command == "@" {
			t.waiting = "" // forgotten; zero and tare stay
		}
		return `I4 A "` + t.balance.serial + `"`, nil
	case "S", "T", "Z":
		t.waiting, t.left = command, tries
		return "", nil
	case "SI":
		t.waiting = ""
		w, err := t.balance.update()
		return t.balance.answer(command, w), err
	}
	return "ES", nil
}

// update returns what is said to the command that waits, if the weight is stable now or
// does not become so.
func (t *talk) update() (string, error) {
	w, err := t.balance.update()
	if t.left--; !w.stable && t.left > 0 || err != nil {
		return "", err
	}
	command := t.waiting
	t.waiting = ""
	return t.balance.answer(command, w), nil
}

// ServeTCP serves whoever connects, until ctx ends, as a serial server does.
func (b *Balance) ServeTCP(ctx context.Context, l net.Listener) error {
	defer context.AfterFunc(ctx, func() { l.Close() })()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		c, err := l.Accept()
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		// A line that breaks is its caller's loss, not the balance's.
		all.Go(func() { _ = b.Serve(ctx, c) })
	}
}

// A Terminal is a pseudo-terminal: to who opens it by its name, a serial port with a
// balance behind it.
type Terminal struct {
	master *os.File
	slave  *os.File
}

// OpenTerminal makes one.
func OpenTerminal() (*Terminal, error) {
	m, s, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("pseudo-terminal: %w", err)
	}
	defer m.Close()
	// As a serial line it must not echo: the balance would hear what it says itself.
	if _, err := term.MakeRaw(int(s.Fd())); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	// pty leaves the file blocking, so that closing it would not end a read.
	fd, err := unix.FcntlInt(m.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(err, unix.Close(fd), s.Close())
	}
	return &Terminal{os.NewFile(uintptr(fd), m.Name()), s}, nil
}

// Name returns the name of the port.
func (t *Terminal) Name() string { return t.slave.Name() }

// Read implements io.Reader.
func (t *Terminal) Read(b []byte) (int, error) {
	n, err := t.master.Read(b)
	if errors.Is(err, unix.EIO) {
		err = io.EOF // so Linux says that the other end is closed
	}
	return n, err
}

// Write implements io.Writer.
func (t *Terminal) Write(b []byte) (int, error) {
	// A program that had the port for itself and was killed would keep it: a real
	// port's last close lets it go, and here we hold it open.
	if err := unix.IoctlSetInt(int(t.slave.Fd()), unix.TIOCNXCL, 0); err != nil {
		return 0, err
	}
	return t.master.Write(b)
}

// Close implements io.Closer.
func (t *Terminal) Close() error { return errors.Join(t.master.Close(), t.slave.Close()) }
