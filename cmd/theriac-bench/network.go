package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cometbft/cometbft/abci/example/kvstore"

	"theriac/canon"
	"theriac/chain"
	"theriac/envelope"
	"theriac/internal/cometbft"
	"theriac/internal/ledger"
	"theriac/pedigree"
)

// A load is what clients do to a network.
type load struct {
	kind       string
	validators int
	clients    int
	duration   time.Duration
	// most bounds the transactions that are made beforehand; 0: what the fastest
	// application can take.
	most int
	// prepare is called before the clients begin, on our application only.
	prepare func(ctx context.Context, n *benchNet) error
	// tx makes transaction i. Client c hands in those with i mod clients = c, in order.
	tx func(n *benchNet, i int) ([]byte, error)
	// after is called when the clients are done, on our application only.
	after func(ctx context.Context, n *benchNet) error
}

// commitRate runs a network of validators in this process and clients on it, and
// returns the committed transactions a second.
func commitRate(ctx context.Context, dir string, l load) (rate float64, err error) {
	err = onNetwork(ctx, dir, l.kind, l.validators, func(n *benchNet) error {
		if l.kind == kindOurs && l.prepare != nil {
			if err := l.prepare(ctx, n); err != nil {
				return err
			}
		}
		if rate, err = n.run(ctx, l); err != nil || l.kind != kindOurs || l.after == nil {
			return err
		}
		return l.after(ctx, n)
	})
	return rate, err
}

// onNetwork runs validators in this process while do runs.
func onNetwork(ctx context.Context, dir, kind string, validators int, do func(n *benchNet) error) (err error) {
	runtime.GC()
	if dir, err = os.MkdirTemp(dir, "theriac-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n, err := newBenchNet(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.stop()) }()
	if err := n.start(ctx, kind, validators); err != nil {
		return err
	}
	return do(n)
}

// A benchNet is a network of validators in this process.
type benchNet struct {
	dir     string
	key     *ecdsa.PrivateKey // of the member who does everything
	to      *ecdsa.PrivateKey // of the one who receives
	nodes   []*cometbft.Node  // of our application
	readied int
	submit  []func(ctx context.Context, tx []byte) error
	closers []func() error
}

const (
	benchChain = "theriac-bench"
	benchGLN   = "4000000000006"
	benchTo    = "4000000000013"
	// benchPrefix is licensed to the first.
	benchPrefix = "95211412"
)

func newBenchNet(dir string) (*benchNet, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	to, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	return &benchNet{dir: dir, key: key, to: to}, err
}

func (n *benchNet) start(ctx context.Context, kind string, validators int) error {
	homes, ids, addresses := make([]string, validators), make([]string, validators), make([]string, validators)
	for i := range homes {
		homes[i] = filepath.Join(n.dir, fmt.Sprint(i))
		id, err := cometbft.InitHome(homes[i])
		if err != nil {
			return err
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		ids[i], addresses[i] = id, l.Addr().String()
		if err := l.Close(); err != nil {
			return err
		}
	}
	state, err := n.genesis()
	if err != nil {
		return err
	}
	doc, err := cometbft.NewGenesis(benchChain, state, time.Now(), homes...)
	if err != nil {
		return err
	}
	for i, home := range homes {
		if err := cometbft.PutGenesis(home, doc); err != nil {
			return err
		}
		cfg := cometbft.Config{Home: home, Listen: addresses[i]}
		for j := range homes {
			if j != i {
				cfg.Peers = append(cfg.Peers, ids[j]+"@"+addresses[j])
			}
		}
		if err := n.add(ctx, kind, cfg); err != nil {
			return err
		}
	}
	return nil
}

// genesis returns a genesis with the two members.
func (n *benchNet) genesis() ([]byte, error) {
	member, err := application(n.key, benchGLN, &pedigree.Application{
		Name: "benchmark", Prefixes: []string{benchPrefix}, Roles: []chain.Role{chain.Governor, chain.Manufacturer},
	})
	if err != nil {
		return nil, err
	}
	to, err := application(n.to, benchTo, &pedigree.Application{Name: "consignee", Roles: []chain.Role{chain.Distributor}})
	if err != nil {
		return nil, err
	}
	g := ledger.NewGenesis(member, to)
	return g.Encode()
}

func application(s *ecdsa.PrivateKey, gln string, app *pedigree.Application) ([]byte, error) {
	key, err := envelope.KeyOf(s)
	if err != nil {
		return nil, err
	}
	app.Chain, app.Key = benchChain, key.Point()
	body, err := envelope.BodyOf(app, newID)
	if err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	m, err := envelope.Sign(s, envelope.Claims{
		Audience: gln, Case: "registration", Expires: now + 3600, IssuedAt: now, Issuer: gln,
		ID: newID(), Prev: []canon.Digest{}, Type: pedigree.TypeApplication,
	}, body)
	if err != nil {
		return nil, err
	}
	return m.Encode()
}

func newID() canon.ID {
	var id canon.ID
	// crypto/rand never fails.
	_, _ = rand.Read(id[:])
	return id
}

func (n *benchNet) add(ctx context.Context, kind string, cfg cometbft.Config) error {
	if kind == kindOurs {
		node, err := cometbft.Start(ctx, cfg)
		if err != nil {
			return err
		}
		n.closers, n.nodes = append(n.closers, node.Stop), append(n.nodes, node)
		n.submit = append(n.submit, func(ctx context.Context, tx []byte) error {
			r, err := node.Submit(ctx, tx)
			if err == nil && r.Outcome != chain.Applied {
				return fmt.Errorf("refused: %s: %s", r.Code, r.Text)
			}
			return err
		})
		return nil
	}
	app := &anchorApp{Application: kvstore.NewInMemoryApplication(), known: map[canon.Digest]bool{}, waiting: map[canon.Digest]chan struct{}{}}
	if kind == kindVerified {
		key, err := envelope.KeyOf(n.key)
		if err != nil {
			return err
		}
		app.key = &key
	}
	engine, err := cometbft.NewEngine(ctx, cfg, app)
	if err != nil {
		return err
	}
	n.closers = append(n.closers, engine.Stop)
	n.submit = append(n.submit, func(ctx context.Context, tx []byte) error { return app.submit(ctx, engine, tx) })
	return nil
}

// stop stops what runs; a second time nothing does.
func (n *benchNet) stop() error {
	var err error
	for _, c := range n.closers {
		err = errors.Join(err, c())
	}
	n.closers = nil
	return err
}

// ready waits until every node has committed a transaction, and its first blocks
// are made.
func (n *benchNet) ready(ctx context.Context, kind string) error {
	n.readied++
	for i := range n.submit {
		// Each time another: a lot is released on a network that was made ready.
		tx, err := n.make(load{kind: kind, tx: evidenceTx}, -1-i-len(n.submit)*n.readied)
		if err != nil {
			return err
		}
		for n.submit[i](ctx, tx) != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	return nil
}

// run commits prepared transactions for a while and returns the rate.
func (n *benchNet) run(ctx context.Context, l load) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	most := l.most
	if most == 0 {
		most = int(l.duration.Seconds() * 30_000)
	}
	txs, err := n.prepare(l, most)
	if err != nil {
		return 0, err
	}
	if err := n.ready(ctx, l.kind); err != nil {
		return 0, err
	}
	var committed atomic.Int64
	errs := make([]error, l.clients)
	var group sync.WaitGroup
	begin := time.Now()
	for c := range l.clients {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := c; i < len(txs) && time.Since(begin) < l.duration; i += l.clients {
				if errs[c] = n.submit[c%len(n.submit)](ctx, txs[i]); errs[c] != nil {
					cancel()
					return
				}
				committed.Add(1)
			}
		}()
	}
	group.Wait()
	took := time.Since(begin)
	for _, err := range errs {
		if err != nil && !errors.Is(err, context.Canceled) {
			return 0, err
		}
	}
	return float64(committed.Load()) / took.Seconds(), ctx.Err()
}

// prepare makes the transactions.
func (n *benchNet) prepare(l load, count int) ([][]byte, error) {
	out := make([][]byte, count)
	errs := make([]error, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for w := range errs {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := w; i < count && errs[w] == nil; i += len(errs) {
				out[i], errs[w] = n.make(l, i)
			}
		}()
	}
	group.Wait()
	return out, errors.Join(errs...)
}

// make makes a transaction: ours, or for kvstore as many bytes.
func (n *benchNet) make(l load, i int) ([]byte, error) {
	tx, err := l.tx(n, i)
	if err != nil || l.kind == kindOurs {
		return tx, err
	}
	// name=value, where the value begins with a signature of the rest.
	name := fmt.Sprint(i)
	rest := strings.Repeat("x", max(0, len(tx)-len(name)-1-sigText))
	sig, err := envelope.SignDigest(n.key, canon.Sum([]byte(name+rest)))
	return []byte(name + "=" + canon.Text(sig) + rest), err
}

// sign returns a transaction of the member who does everything.
func (n *benchNet) sign(kind chain.Kind, body any) ([]byte, error) {
	return ledger.Sign(n.key, plainTx(benchGLN, kind), body)
}

// operation is sign, with the name of the operation.
func (n *benchNet) operation(kind chain.Kind, body any) ([]byte, canon.Digest, error) {
	tx := plainTx(benchGLN, kind)
	raw, err := ledger.Sign(n.key, tx, body)
	return raw, chain.Operation(tx.Sender, tx.ID), err
}

// signTo returns a transaction of the one who receives.
func (n *benchNet) signTo(kind chain.Kind, body any) ([]byte, error) {
	return ledger.Sign(n.to, plainTx(benchTo, kind), body)
}

func plainTx(sender string, kind chain.Kind) chain.Tx {
	return chain.Tx{Chain: benchChain, Kind: kind, Sender: sender, ID: newID(), Time: chain.Millis(time.Now())}
}
