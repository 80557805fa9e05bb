package cometbft

import (
	"context"
	stded25519 "crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/cometbft/cometbft/types"

	"theriac/canon"
	"theriac/chain"
	"theriac/internal/chainstore"
	"theriac/lightclient"
)

// ErrNoBlock is returned for a height that the node does not have.
var ErrNoBlock = errors.New("cometbft: no block of this height")

// Trust returns the trust root that the genesis document is: the chain's id and
// its first validators.
func (n *Node) Trust() lightclient.Trust {
	return lightclient.Trust{ChainID: n.genesis.ChainID, Validators: convertGenesis(n.genesis)}
}

// TrustOf returns the trust root that a genesis document is.
func TrustOf(genesis []byte) (lightclient.Trust, error) {
	doc, err := types.GenesisDocFromJSON(genesis)
	if err != nil {
		return lightclient.Trust{}, fmt.Errorf("genesis: %w", err)
	}
	return lightclient.Trust{ChainID: doc.ChainID, Validators: convertGenesis(doc)}, nil
}

func convertGenesis(doc *types.GenesisDoc) []lightclient.Validator {
	set := make([]*types.Validator, len(doc.Validators))
	for i, v := range doc.Validators {
		set[i] = types.NewValidator(v.PubKey, v.Power)
	}
	return convertSet(types.NewValidatorSet(set))
}

// Evidence returns the path of headers from trust to one that covers the state
// as it is now, or newer, and the store as of that state. The app hash of a block
// is in the next one's header, for which it waits if it must. The caller must
// close the view.
func (n *Node) Evidence(ctx context.Context, trust lightclient.Trust) ([]lightclient.LightBlock, *chainstore.View, error) {
	since, root := n.store.Position()
	for {
		height, _ := n.store.Position()
		view, err := n.covered(height, since, root)
		switch {
		case err != nil && !errors.Is(err, chainstore.ErrHeight):
			return nil, nil, err
		case err == nil && view != nil:
			path, err := n.path(trust, height)
			if err != nil {
				view.Close()
				return nil, nil, err
			}
			return path, view, nil
		case err == nil:
			if err := n.app.waitFor(ctx, since+1); err != nil {
				return nil, nil, err
			}
		case ctx.Err() != nil: // blocks went on while we looked; look again
			return nil, nil, ctx.Err()
		}
	}
}

// covered returns the state that the header of a height covers, if it is that of
// since or newer; nil if it is older.
func (n *Node) covered(height, since int64, root chain.Root) (*chainstore.View, error) {
	if height > since {
		return n.store.View(height - 1)
	}
	meta := n.comet.BlockStore().LoadBlockMeta(height)
	if meta == nil || digest(meta.Header.AppHash) != root.AppHash() {
		return nil, nil
	}
	// The last block changed nothing: its header covers what it found.
	view := n.store.Latest()
	if view.Root() != root {
		view.Close()
		return nil, fmt.Errorf("%w: %d", chainstore.ErrHeight, height)
	}
	return view, nil
}

// path returns headers that lead from trust to a height: the last alone, if what
// is trusted vouches for it, or with those between that are needed.
func (n *Node) path(trust lightclient.Trust, to int64) ([]lightclient.LightBlock, error) {
	target, err := n.LightBlock(to)
	if err != nil {
		return nil, err
	}
	path := []lightclient.LightBlock{target}
	for len(path) <= 16 {
		_, err := lightclient.Verify(trust, path)
		if err == nil {
			return path, nil
		}
		if !errors.Is(err, lightclient.ErrUntrusted) {
			return nil, err
		}
		if path, err = n.refine(trust, path); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%w: validators changed too often since height %d", ErrNoBlock, trust.Height)
}

// refine puts a header between the last one that is vouched for and the first
// that is not: halfway, as light clients bisect.
func (n *Node) refine(trust lightclient.Trust, path []lightclient.LightBlock) ([]lightclient.LightBlock, error) {
	good := 0
	for good < len(path) {
		if _, err := lightclient.Verify(trust, path[:good+1]); err != nil {
			break
		}
		good++
	}
	from := int64(trust.Height)
	if good > 0 {
		from = int64(path[good-1].Header.Height)
	}
	to := int64(path[good].Header.Height)
	if to-from < 2 {
		return nil, fmt.Errorf("%w: nothing vouches for height %d", lightclient.ErrUntrusted, to)
	}
	between, err := n.LightBlock(from + (to-from)/2)
	if err != nil {
		return nil, err
	}
	out := append([]lightclient.LightBlock{}, path[:good]...)
	return append(append(out, between), path[good:]...), nil
}

// LightBlock returns the header of a height with its commit and validators, or
// ErrNoBlock.
func (n *Node) LightBlock(height int64) (lightclient.LightBlock, error) {
	blocks := n.comet.BlockStore()
	meta := blocks.LoadBlockMeta(height)
	commit := blocks.LoadSeenCommit(height)
	if commit == nil {
		commit = blocks.LoadBlockCommit(height)
	}
	if meta == nil || commit == nil {
		return lightclient.LightBlock{}, fmt.Errorf("%w: %d", ErrNoBlock, height)
	}
	set, err := n.states.LoadValidators(height)
	if err != nil {
		return lightclient.LightBlock{}, fmt.Errorf("%w: validators of %d: %w", ErrNoBlock, height, err)
	}
	return convertBlock(n.genesis.ChainID, &meta.Header, commit, set), nil
}

func convertBlock(chainID string, h *types.Header, c *types.Commit, set *types.ValidatorSet) lightclient.LightBlock {
	b := lightclient.LightBlock{Validators: convertSet(set), Header: convertHeader(h)}
	b.Commit = lightclient.Commit{
		Height: lightclient.Int(c.Height), Round: c.Round, BlockID: convertID(c.BlockID),
		Signatures: make([]lightclient.Vote, len(c.Signatures)),
	}
	for i, s := range c.Signatures {
		v := &b.Commit.Signatures[i]
		if s.BlockIDFlag == types.BlockIDFlagAbsent {
			*v = lightclient.Vote{Flag: lightclient.FlagAbsent}
			continue
		}
		*v = lightclient.Vote{
			Flag: lightclient.Flag(s.BlockIDFlag), Address: lightclient.Bytes(s.ValidatorAddress),
			Timestamp: lightclient.Time(s.Timestamp.UTC()), Signature: s.Signature,
		}
		// The engine counts signatures that RFC 8032 refuses (ZIP 215). Handed on
		// they would spoil the block for everybody, so they count as absent.
		if !stded25519.Verify(stded25519.PublicKey(b.Validators[i].Key), b.Commit.SignBytes(chainID, i), s.Signature) {
			*v = lightclient.Vote{Flag: lightclient.FlagAbsent}
		}
	}
	return b
}

func convertSet(set *types.ValidatorSet) []lightclient.Validator {
	out := make([]lightclient.Validator, len(set.Validators))
	for i, v := range set.Validators {
		out[i] = lightclient.Validator{Key: v.PubKey.Bytes(), Power: lightclient.Int(v.VotingPower)}
	}
	return out
}

func convertHeader(h *types.Header) lightclient.Header {
	return lightclient.Header{
		Version: lightclient.Version{Block: lightclient.Int(h.Version.Block), App: lightclient.Int(h.Version.App)},
		ChainID: h.ChainID, Height: lightclient.Int(h.Height), Time: lightclient.Time(h.Time.UTC()),
		LastBlockID:    convertID(h.LastBlockID),
		LastCommitHash: digest(h.LastCommitHash), DataHash: digest(h.DataHash),
		ValidatorsHash: digest(h.ValidatorsHash), NextValidatorsHash: digest(h.NextValidatorsHash),
		ConsensusHash: digest(h.ConsensusHash), AppHash: digest(h.AppHash),
		LastResultsHash: digest(h.LastResultsHash), EvidenceHash: digest(h.EvidenceHash),
		ProposerAddress: lightclient.Bytes(h.ProposerAddress),
	}
}

func convertID(id types.BlockID) lightclient.BlockID {
	return lightclient.BlockID{
		Hash: digest(id.Hash), PartsHash: digest(id.PartSetHeader.Hash), PartsTotal: id.PartSetHeader.Total,
	}
}

// digest returns 32 bytes, or the zero digest for the empty hash.
func digest(b []byte) canon.Digest {
	var d canon.Digest
	copy(d[:], b)
	return d
}

// HeaderTime returns the time of the header of a height.
func (n *Node) HeaderTime(height int64) (time.Time, error) {
	meta := n.comet.BlockStore().LoadBlockMeta(height)
	if meta == nil {
		return time.Time{}, fmt.Errorf("%w: %d", ErrNoBlock, height)
	}
	return meta.Header.Time, nil
}
