package cometbft

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/libs/log"
)

// databases are the engine's own. It stops while goroutines that serve peers
// still read, and panics where a closed database says so; here a read after
// Close finds nothing, and Close waits for the reads before it.
type databases struct {
	all   []*database
	state dbm.DB
}

func (d *databases) open(ctx *config.DBContext) (dbm.DB, error) {
	db, err := config.DefaultDBProvider(ctx)
	if err != nil {
		return nil, err
	}
	wrapped := &database{DB: db}
	d.all = append(d.all, wrapped)
	if ctx.ID == "state" {
		d.state = wrapped
	}
	return wrapped, nil
}

// close closes what a node that did not start has opened.
func (d *databases) close() error {
	var err error
	for _, db := range d.all {
		err = errors.Join(err, db.Close())
	}
	return err
}

type database struct {
	dbm.DB
	mu     sync.RWMutex
	closed bool
}

// Get implements dbm.DB.
func (d *database) Get(key []byte) ([]byte, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return nil, nil
	}
	return d.DB.Get(key)
}

// Has implements dbm.DB.
func (d *database) Has(key []byte) (bool, error) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if d.closed {
		return false, nil
	}
	return d.DB.Has(key)
}

// Close implements dbm.DB.
func (d *database) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	return d.DB.Close()
}

// logger speaks CometBFT's interface. Its Info is chatter of every block; as an
// Error it also reports each peer that goes and each service that is stopped
// twice, so that counts as a warning. What ends the engine is its consensus'.
type logger struct{ to *slog.Logger }

func (l logger) Debug(string, ...any)       {}
func (l logger) Info(msg string, kv ...any) { l.to.Debug(msg, kv...) }
func (l logger) Warn(msg string, kv ...any) { l.to.Warn(msg, kv...) }
func (l logger) Error(msg string, kv ...any) {
	level := slog.LevelWarn
	if strings.Contains(msg, "CONSENSUS FAILURE") {
		level = slog.LevelError
	}
	l.to.Log(context.Background(), level, msg, kv...)
}
func (l logger) With(kv ...any) log.Logger { return logger{l.to.With(kv...)} }
