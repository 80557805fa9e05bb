// Package cometbft runs a ledger node: CometBFT and our ABCI application in one
// process, over the chain store. It is the only package that knows CometBFT.
//
// A transaction comes in by Submit, which verifies its signatures on the
// caller's goroutine, hands it to the mempool and returns when the block that
// holds it is committed here. Evidence returns a header with its commit and the
// store as of that header, from which proofs are made.
//
// The engine's own RPC listener is off; peers are the configured ones only.
package cometbft

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/mempool"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/proxy"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/types"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/chainstore"
	"theriac/internal/ledger"
)

var (
	// ErrBusy is returned by Submit while the mempool is full, and while the
	// node is still catching up with its peers. The transaction may be sent again.
	ErrBusy = errors.New("cometbft: the ledger cannot take the transaction now")
	// ErrStopped is returned by Submit once the node stops.
	ErrStopped = errors.New("cometbft: the node is stopped")
)

// A Profile sets the engine's timeouts to the network between validators.
type Profile string

// The profiles: validators in one room, or across the world.
const (
	LAN Profile = "lan"
	WAN Profile = "wan"
)

// A Config says how a node runs.
type Config struct {
	Home    string   // its folder: config/ and data/, as InitNetwork makes it
	Profile Profile  // empty: LAN
	Listen  string   // host:port for peers; empty: any free port on loopback
	Peers   []string // id@host:port of the other nodes
	Log     *slog.Logger
	// SnapshotEvery is the number of blocks between snapshots for nodes that
	// join; 0: none.
	SnapshotEvery int64
	// Sync, if set, lets a node that has no state yet begin from a snapshot of
	// its peers instead of from the first block.
	Sync LightBlocks
}

// An Engine is CometBFT around an ABCI application.
type Engine struct {
	comet   *node.Node
	states  sm.Store
	genesis *types.GenesisDoc
	stopped chan struct{}
}

// NewEngine starts CometBFT in cfg.Home around an application. Only Start and the
// benchmarks, which compare our application with others, call it.
func NewEngine(ctx context.Context, cfg Config, application abci.Application) (*Engine, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	c := engineConfig(cfg)
	genesis, err := types.GenesisDocFromFile(c.GenesisFile())
	if err != nil {
		return nil, fmt.Errorf("genesis of %s: %w", cfg.Home, err)
	}
	if _, err := os.Stat(c.PrivValidatorKeyFile()); err != nil {
		return nil, fmt.Errorf("validator key: %w", err)
	}
	nodeKey, err := p2p.LoadNodeKey(c.NodeKeyFile())
	if err != nil {
		return nil, fmt.Errorf("node key of %s: %w", cfg.Home, err)
	}
	dbs, options := &databases{}, []node.Option{}
	if cfg.Sync != nil {
		c.StateSync.Enable, c.StateSync.DiscoveryTime = true, 5*time.Second
		options = append(options, node.StateProvider(newStateProvider(genesis, cfg.Sync)))
	}
	comet, err := node.NewNodeWithContext(ctx, c,
		privval.LoadOrGenFilePV(c.PrivValidatorKeyFile(), c.PrivValidatorStateFile()), nodeKey,
		proxy.NewConnSyncLocalClientCreator(application),
		func() (*types.GenesisDoc, error) { return genesis, nil },
		dbs.open, node.DefaultMetricsProvider(c.Instrumentation), logger{cfg.Log}, options...)
	if err == nil {
		err = comet.Start()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("node %s: %w", cfg.Home, err), dbs.close())
	}
	return &Engine{comet, sm.NewStore(dbs.state, sm.StoreOptions{}), genesis, make(chan struct{})}, nil
}

// Stop stops the engine.
func (e *Engine) Stop() error {
	close(e.stopped)
	err := e.comet.Stop()
	e.comet.Wait()
	return err
}

// Add puts a transaction into the mempool, or returns ErrBusy.
func (e *Engine) Add(raw []byte) error {
	if e.CatchingUp() {
		return fmt.Errorf("%w: catching up", ErrBusy)
	}
	err := e.comet.Mempool().CheckTx(raw, nil, mempool.TxInfo{})
	// It may be on its way already.
	if err != nil && !errors.Is(err, mempool.ErrTxInCache) {
		return fmt.Errorf("%w: %w", ErrBusy, err)
	}
	return nil
}

// CatchingUp reports whether the node still fetches blocks that its peers have.
func (e *Engine) CatchingUp() bool { return e.comet.ConsensusReactor().WaitSync() }

// Chain returns the chain's id.
func (e *Engine) Chain() string { return e.genesis.ChainID }

// A Node is a running ledger node, a validator if its key is one's.
type Node struct {
	*Engine
	app     *app
	store   *chainstore.Store
	batches *batcher
}

// Start starts the node in cfg.Home. Blocks that the store lost in a crash are
// applied again before it returns.
func Start(ctx context.Context, cfg Config) (*Node, error) {
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	genesis, err := types.GenesisDocFromFile(engineConfig(cfg).GenesisFile())
	if err != nil {
		return nil, fmt.Errorf("genesis of %s: %w", cfg.Home, err)
	}
	store, err := chainstore.Open(filepath.Join(cfg.Home, "data", "chain"), nil)
	if err != nil {
		return nil, err
	}
	a, b := newApp(genesis.ChainID, store, cfg), &batcher{}
	a.committed = b.answered
	engine, err := NewEngine(ctx, cfg, a)
	if err != nil {
		a.close()
		return nil, errors.Join(err, store.Close())
	}
	b.send = engine.Add
	return &Node{engine, a, store, b}, nil
}

func newApp(chainID string, store *chainstore.Store, cfg Config) *app {
	v := newVerifier(store)
	height, _ := store.Position()
	return &app{
		ledger: &ledger.Ledger{Chain: chainID, Known: v.known.has}, store: store, verify: v,
		waiters: newWaiters(), log: cfg.Log, now: time.Now, height: height, moved: make(chan struct{}),
		snaps: newSnapshots(store, filepath.Join(cfg.Home, "data", "snapshots"), cfg.SnapshotEvery, cfg.Log),
	}
}

func (a *app) close() {
	a.verify.close()
	a.snaps.close()
}

// Stop stops the node and closes its store.
func (n *Node) Stop() error {
	n.batches.close()
	n.app.stopping.Store(true)
	err := n.Engine.Stop()
	n.app.close()
	return errors.Join(err, n.app.dropPending(), n.store.Close())
}

// Store returns the node's log and state, for reading.
func (n *Node) Store() *chainstore.Store { return n.store }

// Submit hands in a transaction and returns when its block is committed here. A
// transaction whose operation was applied before returns at once as a duplicate.
// If ctx ends first, the transaction may still be applied; the same transaction,
// or another of the same operation, can be submitted again without harm.
func (n *Node) Submit(ctx context.Context, raw []byte) (ledger.Result, error) {
	var tx chain.Tx
	m, err := ledger.Open(raw, &tx)
	if err != nil {
		return ledger.Refused(err), nil
	}
	digest := canon.Sum(raw)
	wait := n.app.waiters.add(digest)
	defer n.app.waiters.remove(digest, wait)
	// Only now: whatever is committed from here on is answered to us.
	if r, found, err := n.before(&tx); err != nil || found {
		return r, err
	}
	if err := n.app.verify.opened(digest, m, &tx); err != nil {
		return ledger.Refused(err), nil
	}
	for pause := resend; ; pause *= 2 {
		n.batches.add(raw, func(err error) { n.app.waiters.fail(digest, err) })
		select {
		case a := <-wait:
			return a.result, a.err
		case <-time.After(pause):
		case <-ctx.Done():
			return ledger.Result{}, ctx.Err()
		case <-n.stopped:
			return ledger.Result{}, ErrStopped
		}
	}
}

// resend is how long a transaction may wait for its block before it is handed in
// again, in another batch. A peer that was catching up when the first came by has
// dropped it, and the engine tells nobody a second time; a proposer without it
// would wait for work while the others wait for its block.
const resend = 2 * time.Second

// before returns the result for an operation that was applied before.
func (n *Node) before(tx *chain.Tx) (ledger.Result, bool, error) {
	op := chain.Operation(tx.Sender, tx.ID)
	index, found, err := n.store.Operation(op)
	r := ledger.Refused(ledger.ErrDuplicate)
	r.Operation, r.Index = op, index
	return r, found, err
}

// A Status is what an operator wants to know of a node.
type Status struct {
	Chain      string
	Node       string // id@host:port, for the peers' configuration
	Validator  string // base64url of its Ed25519 key
	Validates  bool
	Height     int64
	Root       chain.Root
	CatchingUp bool
	Peers      int
	Waiting    int // transactions in the mempool
}

// Status returns how the node is.
func (n *Node) Status() Status {
	height, root := n.store.Position()
	s := Status{
		Chain: n.Chain(), Height: height, Root: root, CatchingUp: n.CatchingUp(),
		Peers: n.comet.Switch().Peers().Size(), Waiting: n.comet.Mempool().Size(),
	}
	if info, ok := n.comet.NodeInfo().(p2p.DefaultNodeInfo); ok {
		s.Node = p2p.IDAddressString(info.ID(), info.ListenAddr)
	}
	if pub, err := n.comet.PrivValidator().GetPubKey(); err == nil {
		s.Validator = canon.Text(pub.Bytes())
		if set, err := n.states.LoadValidators(height + 1); err == nil {
			s.Validates = set.HasAddress(pub.Address())
		}
	}
	return s
}

// ValidatorKey returns the Ed25519 key of the node in home, 32 bytes.
func ValidatorKey(home string) (ed25519.PublicKey, error) {
	c := engineConfig(Config{Home: home})
	if _, err := os.Stat(c.PrivValidatorKeyFile()); err != nil {
		return nil, fmt.Errorf("validator key: %w", err)
	}
	pub, err := privval.LoadFilePVEmptyState(c.PrivValidatorKeyFile(), c.PrivValidatorStateFile()).GetPubKey()
	if err != nil {
		return nil, err
	}
	return ed25519.PublicKey(pub.Bytes()), nil
}

func engineConfig(cfg Config) *config.Config {
	c := config.DefaultConfig().SetRoot(cfg.Home)
	c.RPC.ListenAddress = ""
	c.TxIndex.Indexer = "null"
	c.Storage.DiscardABCIResponses = true
	c.Instrumentation.Prometheus = false
	c.P2P.PexReactor = false
	c.P2P.AddrBookStrict = false
	c.P2P.AllowDuplicateIP = true
	c.FilterPeers = true
	c.P2P.ListenAddress = "tcp://127.0.0.1:0"
	if cfg.Listen != "" {
		c.P2P.ListenAddress = "tcp://" + cfg.Listen
	}
	for i, p := range cfg.Peers {
		if i > 0 {
			c.P2P.PersistentPeers += ","
		}
		c.P2P.PersistentPeers += p
	}
	// The default of 5 MB/s would hold bulk transactions back.
	c.P2P.SendRate, c.P2P.RecvRate = 200<<20, 200<<20
	c.P2P.MaxPacketMsgPayloadSize = 32 << 10
	c.Mempool.Recheck = false
	c.Mempool.Size, c.Mempool.CacheSize = 50_000, 100_000
	c.Mempool.MaxTxsBytes, c.Mempool.MaxTxBytes = 512<<20, maxBatch
	// No blocks without transactions, but one a minute: proofs are as old as
	// their block.
	c.Consensus.CreateEmptyBlocks = false
	c.Consensus.CreateEmptyBlocksInterval = 50 * time.Second
	c.Consensus.DoubleSignCheckHeight = 0
	if cfg.Profile == WAN {
		c.Consensus.TimeoutCommit = 200 * time.Millisecond
		return c
	}
	c.Consensus.TimeoutCommit = 0
	c.Consensus.SkipTimeoutCommit = true
	c.Consensus.TimeoutPropose = 100 * time.Millisecond
	c.Consensus.TimeoutProposeDelta = 100 * time.Millisecond
	c.Consensus.TimeoutPrevote, c.Consensus.TimeoutPrecommit = 100*time.Millisecond, 100*time.Millisecond
	c.Consensus.PeerGossipSleepDuration = 5 * time.Millisecond
	c.P2P.FlushThrottleTimeout = time.Millisecond
	return c
}
