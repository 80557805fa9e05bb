// Package organisation puts an organisation together: keys, store, ledger node,
// desks and API, in one process. The command, the demo and the end-to-end tests
// run it; it has no rules of its own.
package organisation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"theriac/client"
	"theriac/internal/access"
	"theriac/internal/cometbft"
	"theriac/internal/httpapi"
	"theriac/internal/registry"
	"theriac/internal/site"
	"theriac/internal/sqlstore"
	"theriac/internal/supply"
	"theriac/web"
)

// Options are what a process decides and settings do not.
type Options struct {
	// Node is a ledger node that somebody else runs; nil: the organisation's own.
	Node    *cometbft.Node
	Log     *slog.Logger
	Version string
	// Limit is how many public look-ups a second one address may make.
	Limit float64
	// Now is the clock; nil: the machine's.
	Now func() time.Time
}

// An Organisation is one that runs.
type Organisation struct {
	Settings *Settings
	Supply   *supply.Desk
	Registry *registry.Desk
	Access   *access.Desk
	Node     *cometbft.Node

	own     bool // the node is ours to stop
	keys    *keyring
	store   *sqlstore.Store
	packs   *packs
	handler http.Handler
	log     *slog.Logger
	cancel  context.CancelFunc
	group   sync.WaitGroup

	transport *http.Transport // to others
}

// Open opens the organisation in dir and begins to send its mail. It does not
// listen yet.
func Open(ctx context.Context, dir string, o Options) (*Organisation, error) {
	s, err := LoadSettings(dir)
	if err != nil {
		return nil, err
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	x := &Organisation{Settings: s, Node: o.Node, log: o.Log.With("gln", s.GLN)}
	if err := x.open(ctx, dir, o); err != nil {
		return nil, errors.Join(fmt.Errorf("organisation %s: %w", dir, err), x.Close())
	}
	return x, nil
}

func (x *Organisation) openStores(ctx context.Context, dir string, now time.Time) (err error) {
	dsn := x.Settings.Store
	if dsn == "" {
		dsn = "sqlite:" + filepath.Join(dir, storeFile)
	}
	if x.store, err = sqlstore.Open(ctx, dsn); err != nil {
		return err
	}
	if err := x.store.Lapse(ctx, now); err != nil {
		return err
	}
	x.packs, err = openPacks(filepath.Join(dir, packsFolder))
	return err
}

func (x *Organisation) open(ctx context.Context, dir string, o Options) (err error) {
	if x.keys, err = openKeys(dir, x.Settings); err != nil {
		return err
	}
	// A key that is not there is found missing now, and not at the first message.
	if _, err := x.keys.Signer(); err != nil {
		return err
	}
	token, err := Token(dir)
	if err != nil {
		return err
	}
	if err := x.openStores(ctx, dir, o.Now()); err != nil {
		return err
	}
	if x.Node == nil {
		if x.Node, err = cometbft.Start(ctx, x.nodeConfig(dir)); err != nil {
			return err
		}
		x.own = true
	}
	out, err := x.Settings.TLS.client()
	if err != nil {
		return err
	}
	x.transport = http.DefaultTransport.(*http.Transport).Clone()
	x.transport.TLSClientConfig = out
	pages, err := site.New(web.Files())
	if err != nil {
		return err
	}
	n := &node{Node: x.Node, page: pages.Digest(), gln: x.Settings.GLN, version: o.Version, maxAge: MaxAge}
	x.Supply = &supply.Desk{
		GLN: x.Settings.GLN, Chain: x.Node.Chain(), Ledger: n, Keys: x.keys, Messages: x.store, Archive: x.store, Works: x.store,
		Jobs: x.store, Documents: x.store, Audit: x.store, Reports: x.store, Lists: x.store, Records: n, Post: post{x.transport}, Packs: x.packs,
		Lines: x.store, Registrations: x.store, Consignments: x.store, Instruments: instruments{post{x.transport}}, Devices: x.Settings.Devices,
		Now: o.Now, NewID: newID, Log: x.log,
	}
	x.Registry = &registry.Desk{
		GLN: x.Settings.GLN, Chain: x.Node.Chain(), Ledger: n, Keys: x.keys, Applications: x.store, Audit: x.store,
		Now: o.Now, NewID: newID, Log: x.log,
	}
	if x.Access, err = x.newAccess(o); err != nil {
		return err
	}
	x.handler, err = httpapi.New(httpapi.Config{
		GLN: x.Settings.GLN, Version: o.Version, Supply: x.Supply, Registry: x.Registry, Access: x.Access, Node: n, Watch: watch{n}, Responses: x.store,
		Token: token, Now: o.Now, Log: x.log, Limit: o.Limit, Pages: pages,
	})
	if err != nil {
		return err
	}
	x.Supply.Open()
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	x.cancel = cancel
	if err := x.Supply.Resume(ctx); err != nil {
		return err
	}
	x.group.Go(func() { x.Supply.Deliver(work) })
	x.group.Go(func() { x.prune(work, o.Now) })
	return nil
}

// kept is how long the answer to an idempotency key is remembered. Past it the
// ledger still knows the operation that the key names.
const kept = 7 * 24 * time.Hour

// prune forgets old answers and sessions until ctx ends.
func (x *Organisation) prune(ctx context.Context, now func() time.Time) {
	for {
		if err := x.store.Prune(ctx, now().Add(-kept)); err != nil && ctx.Err() == nil {
			x.log.Error("forget old answers", "err", err)
		}
		if err := x.store.Forget(ctx, now()); err != nil && ctx.Err() == nil {
			x.log.Error("forget old sessions", "err", err)
		}
		select {
		case <-time.After(time.Hour):
		case <-ctx.Done():
			return
		}
	}
}

func (x *Organisation) nodeConfig(dir string) cometbft.Config {
	s := x.Settings.Node
	c := cometbft.Config{
		Home: NodeHome(dir), Profile: s.Profile, Listen: s.Listen, Peers: s.Peers, Log: x.log, SnapshotEvery: s.SnapshotEvery,
	}
	if s.SyncFrom != "" {
		c.Sync = func(ctx context.Context, height int64) ([]byte, error) {
			from, err := client.New(s.SyncFrom, "")
			if err != nil {
				return nil, err
			}
			return from.Raw(ctx, fmt.Sprintf("/v1/blocks/%d", height), nil)
		}
	}
	return c
}

// Close stops what runs and closes what is open.
func (x *Organisation) Close() error {
	if x.cancel != nil {
		x.cancel()
		x.group.Wait()
		x.Supply.Close()
	}
	if x.transport != nil {
		x.transport.CloseIdleConnections()
	}
	var errs []error
	if x.own && x.Node != nil {
		errs = append(errs, x.Node.Stop())
	}
	if x.packs != nil {
		errs = append(errs, x.packs.close())
	}
	if x.store != nil {
		errs = append(errs, x.store.Close())
	}
	if x.keys != nil {
		errs = append(errs, x.keys.close())
	}
	return errors.Join(errs...)
}
