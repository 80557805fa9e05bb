package cometbft

import (
	"context"
	"fmt"
	"sync"
	"time"

	dbm "github.com/cometbft/cometbft-db"
	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/light/provider"
	"github.com/cometbft/cometbft/light/store/db"
	cmtstate "github.com/cometbft/cometbft/proto/tendermint/state"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	sm "github.com/cometbft/cometbft/state"
	"github.com/cometbft/cometbft/types"
	"github.com/cometbft/cometbft/version"

	"theriac/lightclient"
)

// LightBlocks fetches a light block of the chain from another member, in
// CometBFT's protobuf form as Node.RawLightBlock returns it; height 0 asks for
// the latest. It need not be believed.
type LightBlocks func(ctx context.Context, height int64) ([]byte, error)

// RawLightBlock returns a header with commit and validators in CometBFT's
// protobuf form, for a node that joins; height 0 asks for the latest.
func (n *Node) RawLightBlock(height int64) ([]byte, error) {
	if height == 0 {
		height = n.comet.BlockStore().Height()
	}
	meta, commit := n.comet.BlockStore().LoadBlockMeta(height), n.comet.BlockStore().LoadSeenCommit(height)
	if commit == nil {
		commit = n.comet.BlockStore().LoadBlockCommit(height)
	}
	if meta == nil || commit == nil {
		return nil, fmt.Errorf("%w: %d", ErrNoBlock, height)
	}
	set, err := n.states.LoadValidators(height)
	if err != nil {
		return nil, fmt.Errorf("%w: validators of %d: %w", ErrNoBlock, height, err)
	}
	b := types.LightBlock{SignedHeader: &types.SignedHeader{Header: &meta.Header, Commit: commit}, ValidatorSet: set}
	p, err := b.ToProto()
	if err != nil {
		return nil, err
	}
	return p.Marshal()
}

// source is a light client's provider over LightBlocks.
type source struct {
	chain string
	fetch LightBlocks
}

// ChainID implements provider.Provider.
func (s source) ChainID() string { return s.chain }

// LightBlock implements provider.Provider.
func (s source) LightBlock(ctx context.Context, height int64) (*types.LightBlock, error) {
	raw, err := s.fetch(ctx, height)
	if err != nil {
		return nil, provider.ErrLightBlockNotFound
	}
	var p cmtproto.LightBlock
	if err := p.Unmarshal(raw); err != nil {
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	b, err := types.LightBlockFromProto(&p)
	if err == nil {
		err = b.ValidateBasic(s.chain)
	}
	if err != nil {
		return nil, provider.ErrBadLightBlock{Reason: err}
	}
	return b, nil
}

// ReportEvidence implements provider.Provider. Nobody is told: the node that
// joins refuses the block, which is all it can do.
func (source) ReportEvidence(context.Context, types.Evidence) error { return nil }

// stateProvider gives a node that joins the state of the engine at the height of
// a snapshot, verified from the genesis document.
type stateProvider struct {
	genesis *types.GenesisDoc
	source  source

	mu     sync.Mutex // light.Client is for one caller at a time
	client *light.Client
}

func newStateProvider(genesis *types.GenesisDoc, fetch LightBlocks) *stateProvider {
	return &stateProvider{genesis: genesis, source: source{genesis.ChainID, fetch}}
}

// centuries is the light client's trusting period: like package lightclient,
// pinned validators are believed until the trust root is replaced.
const centuries = 200 * 365 * 24 * time.Hour

// at returns the verified light block of a height.
func (s *stateProvider) at(ctx context.Context, height int64) (*types.LightBlock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.client == nil {
		first, err := s.source.LightBlock(ctx, s.genesis.InitialHeight)
		if err != nil {
			return nil, err
		}
		// The first block is the chain's if the validators of the genesis made it.
		trust := lightclient.Trust{ChainID: s.genesis.ChainID, Validators: convertGenesis(s.genesis)}
		block := convertBlock(s.genesis.ChainID, first.Header, first.Commit, first.ValidatorSet)
		if _, err := lightclient.Verify(trust, []lightclient.LightBlock{block}); err != nil {
			return nil, err
		}
		s.client, err = light.NewClient(ctx, s.genesis.ChainID,
			light.TrustOptions{Period: centuries, Height: first.Height, Hash: first.Hash()},
			s.source, []provider.Provider{s.source}, db.New(dbm.NewMemDB(), ""))
		if err != nil {
			return nil, err
		}
	}
	return s.client.VerifyLightBlockAtHeight(ctx, height, time.Now())
}

// AppHash implements statesync.StateProvider. The app hash of a height is in the
// header of the next; the one after it is needed for State.
func (s *stateProvider) AppHash(ctx context.Context, height uint64) ([]byte, error) {
	next, err := s.at(ctx, int64(height)+1)
	if err != nil {
		return nil, err
	}
	if _, err := s.at(ctx, int64(height)+2); err != nil {
		return nil, err
	}
	return next.AppHash, nil
}

// Commit implements statesync.StateProvider.
func (s *stateProvider) Commit(ctx context.Context, height uint64) (*types.Commit, error) {
	b, err := s.at(ctx, int64(height))
	if err != nil {
		return nil, err
	}
	return b.Commit, nil
}

// State implements statesync.StateProvider.
func (s *stateProvider) State(ctx context.Context, height uint64) (sm.State, error) {
	var blocks [3]*types.LightBlock
	for i := range blocks {
		b, err := s.at(ctx, int64(height)+int64(i))
		if err != nil {
			return sm.State{}, err
		}
		blocks[i] = b
	}
	last, current, next := blocks[0], blocks[1], blocks[2]
	return sm.State{
		ChainID: s.genesis.ChainID, InitialHeight: s.genesis.InitialHeight,
		Version:         cmtstate.Version{Consensus: current.Version, Software: version.TMCoreSemVer},
		LastBlockHeight: last.Height, LastBlockTime: last.Time, LastBlockID: last.Commit.BlockID,
		AppHash: current.AppHash, LastResultsHash: current.LastResultsHash,
		LastValidators: last.ValidatorSet, Validators: current.ValidatorSet, NextValidators: next.ValidatorSet,
		LastHeightValidatorsChanged: next.Height,
		// Our application never changes them.
		ConsensusParams: *s.genesis.ConsensusParams, LastHeightConsensusParamsChanged: s.genesis.InitialHeight,
	}, nil
}
