package organisation

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// What a caller may take of a server, against those who take it to keep it: the
// handlers allow what needs longer or more.
const (
	headerTime = 10 * time.Second
	readTime   = time.Minute     // of a whole request
	writeTime  = 5 * time.Minute // from the header's end: the ledger is asked meanwhile
	idleTime   = 2 * time.Minute
	maxHeader  = 64 << 10
	// maxConns bounds goroutines and leaves file descriptors to store and node.
	maxConns = 2048
)

// Handler returns the API.
func (x *Organisation) Handler() http.Handler { return x.handler }

// Serve serves the API on l until ctx ends, then lets requests finish.
func (x *Organisation) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: x.handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(x.log.Handler(), slog.LevelWarn),
	}
	l = &limited{Listener: l, free: make(chan struct{}, maxConns), closed: make(chan struct{})}
	config, err := x.Settings.TLS.server()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	if config != nil {
		l = tls.NewListener(l, config)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		return errors.Join(err, server.Close())
	}
	return nil
}

// A limited listener accepts as many connections at a time as free holds.
type limited struct {
	net.Listener
	free   chan struct{}
	closed chan struct{}
	once   sync.Once
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &counted{Conn: c, leave: sync.OnceFunc(func() { <-l.free })}, nil
}

// Close implements net.Listener.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// A counted connection leaves its place at its end.
type counted struct {
	net.Conn
	leave func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
