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

// txSize is the size of the transactions that the ledger benchmark commits.
const txSize = 500

// ledgerBench measures committed transactions a second at 1, 64 and 256 clients,
// each of which hands in its next transaction when the last is committed, beside
// CometBFT's kvstore application bare and with the same verification added.
func ledgerBench(ctx context.Context, o options) ([]result, error) {
	var out []result
	for _, validators := range o.validators {
		for _, clients := range o.clients {
			name := fmt.Sprintf("ledger %d validators %d clients", validators, clients)
			rates := map[string]float64{}
			for _, kind := range []string{"kvstore", "kvstore+verify", "theriac"} {
				o.progress("%s: %s", name, kind)
				rate, err := commitRate(ctx, kind, validators, clients, o.duration)
				if err != nil {
					return nil, fmt.Errorf("%s: %s: %w", name, kind, err)
				}
				rates[kind] = rate
			}
			out = append(out,
				newResult(name, rates["theriac"], "tx/s", "kvstore with the same verification", rates["kvstore+verify"]),
				newResult(name, rates["theriac"], "tx/s", "kvstore bare", rates["kvstore"]))
		}
	}
	return out, nil
}

// commitRate runs a network of validators in this process and clients on it.
func commitRate(ctx context.Context, kind string, validators, clients int, for_ time.Duration) (float64, error) {
	dir, err := os.MkdirTemp("", "theriac-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return 0, err
	}
	n := &benchNet{dir: dir, key: key}
	if err := n.start(ctx, kind, validators); err != nil {
		return 0, errors.Join(err, n.stop())
	}
	rate, err := n.run(ctx, kind, clients, for_)
	return rate, errors.Join(err, n.stop())
}

type benchNet struct {
	dir     string
	key     *ecdsa.PrivateKey
	submit  []func(ctx context.Context, tx []byte) error
	closers []func() error
}

const (
	benchChain = "theriac-bench"
	benchGLN   = "4000000000006"
)

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

// genesis returns a genesis with the benchmark's key as the only member.
func (n *benchNet) genesis() ([]byte, error) {
	key, err := envelope.KeyOf(n.key)
	if err != nil {
		return nil, err
	}
	app := pedigree.Application{Chain: benchChain, Key: key.Point(), Name: "benchmark", Roles: []chain.Role{chain.Governor}}
	body, err := envelope.BodyOf(&app, newID)
	if err != nil {
		return nil, err
	}
	now := time.Now().Unix()
	m, err := envelope.Sign(n.key, envelope.Claims{
		Audience: benchGLN, Case: "registration", Expires: now + 3600, IssuedAt: now, Issuer: benchGLN,
		ID: newID(), Prev: []canon.Digest{}, Type: pedigree.TypeApplication,
	}, body)
	if err != nil {
		return nil, err
	}
	raw, err := m.Encode()
	if err != nil {
		return nil, err
	}
	g := ledger.NewGenesis(raw)
	return g.Encode()
}

func newID() canon.ID {
	var id canon.ID
	// crypto/rand never fails.
	_, _ = rand.Read(id[:])
	return id
}

func (n *benchNet) add(ctx context.Context, kind string, cfg cometbft.Config) error {
	if kind == "theriac" {
		node, err := cometbft.Start(ctx, cfg)
		if err != nil {
			return err
		}
		n.closers = append(n.closers, node.Stop)
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
	if kind == "kvstore+verify" {
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

func (n *benchNet) stop() error {
	var err error
	for _, c := range n.closers {
		err = errors.Join(err, c())
	}
	return err
}

// run commits prepared transactions for a while and returns the rate.
func (n *benchNet) run(ctx context.Context, kind string, clients int, for_ time.Duration) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	txs, err := n.prepare(kind, min(60_000, max(1000, int(for_.Seconds()*20_000))))
	if err != nil {
		return 0, err
	}
	for i := range n.submit { // ready, and its first blocks made
		for n.submit[i](ctx, txs[i]) != nil {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
	txs = txs[len(n.submit):]
	var next, committed atomic.Int64
	var failed atomic.Value
	var group sync.WaitGroup
	begin := time.Now()
	for c := range clients {
		group.Add(1)
		go func() {
			defer group.Done()
			for time.Since(begin) < for_ {
				i := next.Add(1) - 1
				if i >= int64(len(txs)) {
					return
				}
				if err := n.submit[c%len(n.submit)](ctx, txs[i]); err != nil {
					failed.Store(err)
					return
				}
				committed.Add(1)
			}
		}()
	}
	group.Wait()
	took := time.Since(begin)
	if err, ok := failed.Load().(error); ok {
		return 0, err
	}
	return float64(committed.Load()) / took.Seconds(), nil
}

// prepare signs transactions of txSize bytes: anchors of evidence, and for
// kvstore the same signed bytes behind "key=".
func (n *benchNet) prepare(kind string, count int) ([][]byte, error) {
	out := make([][]byte, count)
	errs := make([]error, runtime.GOMAXPROCS(0))
	var group sync.WaitGroup
	for w := range errs {
		group.Add(1)
		go func() {
			defer group.Done()
			for i := w; i < count && errs[w] == nil; i += len(errs) {
				out[i], errs[w] = n.tx(kind, i)
			}
		}()
	}
	group.Wait()
	return out, errors.Join(errs...)
}

func (n *benchNet) tx(kind string, i int) ([]byte, error) {
	if kind != "theriac" {
		return n.pair(i)
	}
	body, err := canon.CBOR(chain.Evidence{Digest: canon.Sum(fmt.Appendf(nil, "%d", i)), Media: strings.Repeat("x", 232)})
	if err != nil {
		return nil, err
	}
	payload, err := canon.CBOR(chain.Tx{
		Chain: benchChain, Kind: chain.KindEvidence, Sender: benchGLN, ID: newID(), Time: chain.Millis(time.Now()), Body: body,
	})
	if err != nil {
		return nil, err
	}
	return envelope.SignSign1(n.key, chain.TxType, payload)
}

// pair returns a transaction of kvstore: name=value of txSize bytes, where the
// value begins with a signature of the rest.
func (n *benchNet) pair(i int) ([]byte, error) {
	name := fmt.Sprint(i)
	rest := strings.Repeat("x", txSize-len(name)-1-sigText)
	sig, err := envelope.SignDigest(n.key, canon.Sum([]byte(name+rest)))
	return []byte(name + "=" + canon.Text(sig) + rest), err
}
