package organisation

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A pipes listener accepts connections in memory, on which time is the test's.
type pipes struct {
	conns chan net.Conn
	ended chan struct{}
	once  sync.Once
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error { p.once.Do(func() { close(p.ended) }); return nil }

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	here, there := net.Pipe()
	p.conns <- there
	return here
}

// serving runs f against a server with a handler, in time that passes at once.
func serving(t *testing.T, handler http.HandlerFunc, f func(t *testing.T, l *pipes)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		x := &Organisation{Settings: &Settings{}, handler: handler, log: slog.New(slog.DiscardHandler)}
		l := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- x.Serve(ctx, l) }()
		f(t, l)
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Serve = %v", err)
		}
	})
}

func say(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Error(err)
	}
}

// Attack: Slowloris. Who sends his header a line at a time is cut off.
func TestSlowHeader(t *testing.T) {
	serving(t, func(http.ResponseWriter, *http.Request) { t.Error("a request without an end was served") }, func(t *testing.T, l *pipes) {
		begin, c := time.Now(), l.dial()
		defer c.Close()
		say(t, c, "GET / HTTP/1.1\r\nHost: x\r\n")
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			for { // keeps the connection busy until it is closed
				time.Sleep(time.Second)
				if _, err := io.WriteString(c, "X-A: b\r\n"); err != nil {
					return
				}
			}
		}()
		if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
		if d := time.Since(begin); d > headerTime+time.Second {
			t.Errorf("cut off after %s", d)
		}
		<-gone
	})
}

// Attack: a body that never comes, read or not.
func TestSlowBody(t *testing.T) {
	for name, handler := range map[string]http.HandlerFunc{
		"read": func(_ http.ResponseWriter, r *http.Request) {
			if _, err := io.ReadAll(r.Body); err == nil {
				t.Error("half a body is whole")
			}
		},
		"unread": func(http.ResponseWriter, *http.Request) {},
	} {
		t.Run(name, func(t *testing.T) {
			serving(t, handler, func(t *testing.T, l *pipes) {
				begin, c := time.Now(), l.dial()
				defer c.Close()
				say(t, c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nx")
				_, _ = io.Copy(io.Discard, c) // to the end, however it comes
				if d := time.Since(begin); d > readTime+time.Second {
					t.Errorf("cut off after %s", d)
				}
			})
		})
	}
}

// Attack: who does not read his answer holds it in memory no longer than writeTime.
func TestSlowReader(t *testing.T) {
	var let chan error // made where time is the test's
	serving(t, func(w http.ResponseWriter, _ *http.Request) {
		_, err := w.Write(make([]byte, 1<<20))
		let <- err
	}, func(t *testing.T, l *pipes) {
		let = make(chan error, 1)
		begin, c := time.Now(), l.dial()
		defer c.Close()
		say(t, c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		if err := <-let; err == nil {
			t.Error("written to nobody")
		}
		if d := time.Since(begin); d > writeTime+time.Second {
			t.Errorf("given up after %s", d)
		}
	})
}

// Attack: connections that say nothing between requests.
func TestIdle(t *testing.T) {
	serving(t, func(http.ResponseWriter, *http.Request) {}, func(t *testing.T, l *pipes) {
		begin, c := time.Now(), l.dial()
		defer c.Close()
		say(t, c, "GET / HTTP/1.1\r\nHost: x\r\n\r\n")
		_, _ = io.Copy(io.Discard, c)
		if d := time.Since(begin); d > idleTime+time.Second {
			t.Errorf("cut off after %s", d)
		}
	})
}

// Attack: more connections than there is memory. The next waits for a place.
func TestConnectionsAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		l := &limited{Listener: p, free: make(chan struct{}, 2), closed: make(chan struct{})}
		accepted := make(chan net.Conn, 3)
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					close(accepted)
					return
				}
				accepted <- c
			}
		}()
		first := p.dial()
		second := p.dial()
		go func() { p.dial().Close() }()
		synctest.Wait()
		if len(accepted) != 2 {
			t.Errorf("%d connections, want 2", len(accepted))
		}
		c := <-accepted
		for range 2 { // leaves one place however often it is closed
			_ = c.Close()
		}
		synctest.Wait()
		if len(accepted) != 2 {
			t.Errorf("%d connections wait to be served, want 2", len(accepted))
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		for c := range accepted {
			_ = c.Close()
		}
		first.Close()
		second.Close()
	})
}

// Requests that run are answered before the server ends.
func TestServeLetsRequestsFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, end := make(chan struct{}), make(chan struct{})
		x := &Organisation{Settings: &Settings{}, log: slog.New(slog.DiscardHandler), handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			close(begun)
			<-end
			w.WriteHeader(http.StatusNoContent)
		})}
		l := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- x.Serve(ctx, l) }()
		c := l.dial()
		say(t, c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
		<-begun
		cancel()
		synctest.Wait()
		close(end)
		raw, err := io.ReadAll(c)
		if err != nil || len(raw) == 0 {
			t.Errorf("answer %q, %v", raw, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
