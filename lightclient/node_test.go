package lightclient

import (
	"context"
	"testing"
	"time"

	"github.com/cometbft/cometbft/abci/example/kvstore"
	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/config"
	"github.com/cometbft/cometbft/crypto/encoding"
	"github.com/cometbft/cometbft/libs/log"
	"github.com/cometbft/cometbft/node"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/proxy"
	"github.com/cometbft/cometbft/rpc/client/local"
	"github.com/cometbft/cometbft/types"

	dbm "github.com/cometbft/cometbft-db"
)

// A longHash is CometBFT's key-value example, whose application hash has 8
// bytes, with one of 32 and none before the first block.
type longHash struct{ *kvstore.Application }

func (a longHash) InitChain(ctx context.Context, req *abci.RequestInitChain) (*abci.ResponseInitChain, error) {
	res, err := a.Application.InitChain(ctx, req)
	if err == nil {
		res.AppHash = nil
	}
	return res, err
}

func (a longHash) FinalizeBlock(ctx context.Context, req *abci.RequestFinalizeBlock) (*abci.ResponseFinalizeBlock, error) {
	res, err := a.Application.FinalizeBlock(ctx, req)
	if err == nil {
		res.AppHash = hashOf(string(res.AppHash))
	}
	return res, err
}

// startNode runs a chain of one validator with CometBFT's key-value example.
func startNode(t *testing.T, key types.MockPV) *local.Local {
	t.Helper()
	c := config.TestConfig()
	c.SetRoot(t.TempDir())
	c.P2P.ListenAddress, c.RPC.ListenAddress = "tcp://127.0.0.1:0", ""
	c.Consensus.WalPath = c.RootDir + "/wal"
	genesis := &types.GenesisDoc{
		ChainID: chainID, GenesisTime: genesisTime, ConsensusParams: types.DefaultConsensusParams(),
		Validators: []types.GenesisValidator{{PubKey: key.PrivKey.PubKey(), Power: 10}},
	}
	if err := genesis.ValidateAndComplete(); err != nil {
		t.Fatal(err)
	}
	n, err := node.NewNode(c, key, &p2p.NodeKey{PrivKey: secret(100)},
		proxy.NewLocalClientCreator(longHash{kvstore.NewInMemoryApplication()}),
		func() (*types.GenesisDoc, error) { return genesis, nil },
		func(*config.DBContext) (dbm.DB, error) { return dbm.NewMemDB(), nil },
		node.DefaultMetricsProvider(c.Instrumentation), log.NewNopLogger())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Stop(); err != nil {
			t.Errorf("stop the node: %v", err)
		}
		n.Wait()
	})
	return local.New(n)
}

// Every block of a running CometBFT verifies from the genesis set, and so does
// the path over a change of validators: real first blocks (no last block, no
// application hash), real commits, a real absent vote.
func TestRunningChainVerifies(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	key := types.NewMockPVWithParams(secret(0), false, false)
	chain := startNode(t, key)

	newcomer, err := encoding.PubKeyToProto(secret(1).PubKey())
	if err != nil {
		t.Fatal(err)
	}
	var height int64
	for _, tx := range [][]byte{
		[]byte("first=1"), kvstore.MakeValSetChangeTx(newcomer, 3), []byte("a=1"), []byte("b=1"), []byte("c=1"), []byte("d=1"),
	} {
		res, err := chain.BroadcastTxCommit(ctx, tx)
		if err != nil || res.TxResult.IsErr() {
			t.Fatalf("transaction %s: %v, %v", tx, res, err)
		}
		height = res.Height
	}
	trust := Trust{ChainID: chainID, Validators: []Validator{{Key: Bytes(secret(0).PubKey().Bytes()), Power: 10}}}
	var path []LightBlock
	sets := map[int]bool{}
	for h := int64(1); h < height; h++ {
		b := lightBlock(ctx, t, chain, h)
		path = append(path, b)
		sets[len(b.Validators)] = true
		if _, err := Verify(trust, []LightBlock{b}); err != nil {
			t.Fatalf("block %d: %v", h, err)
		}
	}
	path = path[max(0, len(path)-maxPath):]
	if got, err := Verify(trust, path); err != nil || got.Height != Int(height-1) {
		t.Errorf("Verify of %d blocks = height %d, %v, want %d", len(path), got.Height, err, height-1)
	}
	if !sets[1] || !sets[2] {
		t.Errorf("the chain did not change its validators: %v", sets)
	}
}

func lightBlock(ctx context.Context, t *testing.T, chain *local.Local, height int64) LightBlock {
	t.Helper()
	c, err := chain.Commit(ctx, &height)
	if err != nil {
		t.Fatal(err)
	}
	v, err := chain.Validators(ctx, &height, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	set := &types.ValidatorSet{Validators: v.Validators}
	return fromComet(&types.LightBlock{SignedHeader: &c.SignedHeader, ValidatorSet: set})
}
