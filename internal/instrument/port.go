package instrument

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"go.bug.st/serial"
)

// maxLine is longer than any line of a balance.
const maxLine = 128

// torn stands for what is no line; no balance says it.
const torn = "\x00"

// An ear takes what an instrument says during one measurement.
type ear struct {
	heard chan string
	gone  chan struct{}
}

// An ears holds the ear of the measurement under way, if there is one: what comes
// without one is dropped, so that it cannot be taken for an answer later.
type ears struct{ now atomic.Pointer[ear] }

// listen returns an ear, and what ends it.
func (e *ears) listen() (*ear, func()) {
	n := &ear{make(chan string), make(chan struct{})}
	e.now.Store(n)
	return n, func() {
		e.now.Store(nil)
		close(n.gone)
	}
}

// hear hands on what came, and waits until it is taken or nobody listens any more.
func (e *ears) hear(what string, closed <-chan struct{}) {
	n := e.now.Load()
	if n == nil {
		return
	}
	select {
	case n.heard <- what:
	case <-n.gone:
	case <-closed:
	}
}

// A port is a line to a balance, read all the time.
type port struct {
	ears
	rw     io.ReadWriteCloser
	closed chan struct{}
	lost   chan struct{} // closed when nothing can be read any more
	cause  error         // why; set before lost is closed
	once   sync.Once
}

func newPort(rw io.ReadWriteCloser) *port {
	p := &port{rw: rw, closed: make(chan struct{}), lost: make(chan struct{})}
	go p.read()
	return p
}

// close returns when the port is closed and nothing reads it any more.
func (p *port) close() error {
	var err error
	p.once.Do(func() {
		close(p.closed)
		err = p.rw.Close()
		<-p.lost
	})
	return err
}

func (p *port) read() {
	defer close(p.lost)
	r := bufio.NewReaderSize(p.rw, maxLine)
	whole := true
	for {
		line, err := r.ReadSlice('\n')
		switch {
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			p.cause = err
			return
		case err != nil:
			whole = false
			p.hear(torn, p.closed)
		case whole && len(line) > 1 && line[len(line)-2] == '\r':
			p.hear(string(line[:len(line)-2]), p.closed)
		default:
			// The end of an overlong line is no line, whatever it looks like.
			whole = true
			p.hear(torn, p.closed)
		}
	}
}

// write sends a command. A write that hangs when ctx ends leaves the port unusable.
func (p *port) write(ctx context.Context, command string) error {
	if ctx.Err() != nil {
		return errAgain
	}
	done := make(chan error, 1)
	go func() {
		_, err := io.WriteString(p.rw, command+"\r\n")
		done <- err
	}()
	var hangs <-chan time.Time
	ended := ctx.Done()
	for {
		select {
		case err := <-done:
			if err != nil {
				return fmt.Errorf("%w: %w", ErrUnreachable, err)
			}
			return nil
		case <-ended:
			ended, hangs = nil, time.After(pause)
		case <-hangs:
			return fmt.Errorf("%w: it takes no commands", ErrUnreachable)
		}
	}
}

// dial opens the line of a balance.
func (a *address) dial(ctx context.Context) (io.ReadWriteCloser, error) {
	var rw io.ReadWriteCloser
	var err error
	if a.scheme == "tcp" {
		var d net.Dialer
		rw, err = d.DialContext(ctx, "tcp", a.host)
	} else {
		rw, err = openSerial(a.port, &a.mode)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return rw, nil
}

// poll is how long a read of a serial port blocks at most.
const poll = 50 * time.Millisecond

// A serialPort is closed when nobody reads or writes it. The library closes the file
// under them, and their last call could go to another file that got its number.
type serialPort struct {
	port             serial.Port
	closed           atomic.Bool
	reading, writing sync.Mutex
}

func openSerial(name string, mode *serial.Mode) (*serialPort, error) {
	p, err := serial.Open(name, mode)
	if err != nil {
		return nil, err
	}
	if err := p.SetReadTimeout(poll); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return &serialPort{port: p}, nil
}

// Read implements io.Reader.
func (s *serialPort) Read(b []byte) (int, error) {
	for {
		n, err := s.alone(&s.reading, func() (int, error) { return s.port.Read(b) })
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write implements io.Writer.
func (s *serialPort) Write(b []byte) (int, error) {
	return s.alone(&s.writing, func() (int, error) { return s.port.Write(b) })
}

func (s *serialPort) alone(mu *sync.Mutex, do func() (int, error)) (int, error) {
	mu.Lock()
	defer mu.Unlock()
	if s.closed.Load() {
		return 0, io.ErrClosedPipe
	}
	return do()
}

// Close implements io.Closer. A write that hangs, because the line takes nothing, keeps
// the port open until it ends; Close says so and does not wait.
func (s *serialPort) Close() error {
	if !s.closed.CompareAndSwap(false, true) {
		return nil
	}
	// Lets most such writes go. Best effort: what is unplugged has no buffer.
	_ = s.port.ResetOutputBuffer()
	done := make(chan error, 1)
	go func() {
		s.reading.Lock()
		defer s.reading.Unlock()
		s.writing.Lock()
		defer s.writing.Unlock()
		done <- s.port.Close()
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(10 * poll):
		return fmt.Errorf("%w: a command hangs in its port", ErrUnreachable)
	}
}
