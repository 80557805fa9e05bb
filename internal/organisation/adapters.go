package organisation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"

	"theriac"
	"theriac/api"
	"theriac/canon"
	"theriac/chain"
	"theriac/client"
	"theriac/genuine"
	"theriac/gs1"
	"theriac/internal/chainstore"
	"theriac/internal/cometbft"
	"theriac/internal/supply"
	"theriac/lightclient"
	"theriac/merkle"
)

// node is a ledger node as desks and API see it.
type node struct {
	*cometbft.Node
	gln     string
	version string
	page    canon.Digest // of the pages that the API serves
	maxAge  int64        // seconds; of evidence, in the trust root that it hands out
}

// Get implements supply.Ledger and registry.Ledger.
func (n *node) Get(key []byte) ([]byte, error) { return n.Store().Get(key) }

// Records implements registry.Ledger and supply.Records.
func (n *node) Records(prefix []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func([]byte, []byte) bool) {
		v := n.Store().Latest()
		defer v.Close()
		for k, value := range v.Records(prefix) {
			if !yield(k, value) {
				return
			}
		}
	}
}

// TaggedBefore implements supply.Records.
func (n *node) TaggedBefore(tag string, before uint64, limit int) ([]uint64, error) {
	v := n.Store().Latest()
	defer v.Close()
	return v.TaggedBefore(tag, before, limit)
}

// Leaf implements supply.Ledger.
func (n *node) Leaf(index uint64) (chain.Leaf, []byte, error) {
	v := n.Store().Latest()
	defer v.Close()
	return v.Leaf(index)
}

// Evidence implements supply.Ledger.
func (n *node) Evidence(ctx context.Context) ([]lightclient.LightBlock, supply.View, func(), error) {
	headers, v, err := n.Node.Evidence(ctx, n.Node.Trust())
	if err != nil {
		return nil, nil, nil, err
	}
	return headers, view{v}, v.Close, nil
}

// view is the store after a block, as desks see it.
type view struct{ *chainstore.View }

// Record implements supply.View.
func (v view) Record(key []byte) ([]byte, merkle.StateProof, error) {
	value, err := v.Get(key)
	if err != nil {
		return nil, merkle.StateProof{}, err
	}
	proof, err := v.Prove(key)
	return value, proof, err
}

// Status implements httpapi.Node.
func (n *node) Status() api.Status {
	s := n.Node.Status()
	return api.Status{
		Version: n.version, GLN: n.gln, Chain: s.Chain, Node: s.Node, Validator: s.Validator, Validates: s.Validates,
		Height: s.Height, Root: s.Root, CatchingUp: s.CatchingUp, Peers: s.Peers, Waiting: s.Waiting, Page: n.page,
	}
}

// Ready implements httpapi.Node.
func (n *node) Ready(context.Context) error {
	if n.CatchingUp() {
		return fmt.Errorf("%w: catching up", cometbft.ErrBusy)
	}
	return nil
}

// Trust implements httpapi.Node.
func (n *node) Trust() ([]byte, error) {
	t := n.Node.Trust()
	trust := theriac.Trust{ChainID: t.ChainID, Height: t.Height, MaxAge: lightclient.Int(n.maxAge), Validators: t.Validators}
	return trust.Encode()
}

// Block implements httpapi.Node.
func (n *node) Block(height int64) ([]byte, error) {
	raw, err := n.RawLightBlock(height)
	if errors.Is(err, cometbft.ErrNoBlock) {
		return nil, fmt.Errorf("%w: block %d", supply.ErrUnknown, height)
	}
	return raw, err
}

// Checkpoint implements httpapi.Node.
func (n *node) Checkpoint(ctx context.Context, older uint64) (*theriac.Checkpoint, error) {
	headers, v, err := n.Node.Evidence(ctx, n.Node.Trust())
	if err != nil {
		return nil, err
	}
	defer v.Close()
	if older > v.Root().LogSize {
		return nil, fmt.Errorf("%w: the log has %d leaves", supply.ErrRequest, v.Root().LogSize)
	}
	proof, err := v.ProveConsistency(older)
	if err != nil {
		return nil, err
	}
	if proof == nil {
		proof = []merkle.Hash{}
	}
	return &theriac.Checkpoint{Consistency: proof, Headers: headers, Root: v.Root()}, nil
}

// post delivers to other organisations over HTTP.
type post struct{ transport http.RoundTripper }

func (p post) client(endpoint string) (*client.Client, error) {
	c, err := client.New(endpoint, "")
	if err != nil {
		return nil, err
	}
	return c.With(p.transport), nil
}

// Deliver implements supply.Post.
func (p post) Deliver(ctx context.Context, endpoint string, message []byte) (*api.Receipt, error) {
	c, err := p.client(endpoint)
	if err != nil {
		return nil, err
	}
	return c.Deliver(ctx, message)
}

// Mark implements supply.Post.
func (p post) Mark(ctx context.Context, endpoint string, registration canon.Digest, index uint64) (*api.Mark, error) {
	c, err := p.client(endpoint)
	if err != nil {
		return nil, err
	}
	return c.Mark(ctx, registration, index)
}

// Opening implements supply.Post.
func (p post) Opening(ctx context.Context, endpoint string, id gs1.Identifier) (*api.Opening, error) {
	c, err := p.client(endpoint)
	if err != nil {
		return nil, err
	}
	link, err := id.DigitalLink()
	if err != nil {
		return nil, err
	}
	raw, err := c.Raw(ctx, "/v1/openings", url.Values{"id": {link}})
	if err != nil {
		return nil, err
	}
	var o api.Opening
	if err := json.Unmarshal(raw, &o); err != nil {
		return nil, fmt.Errorf("%w: %w", client.ErrUnreachable, err)
	}
	return &o, nil
}

// instruments speak with measuring devices over HTTP.
type instruments struct{ post }

// Device implements supply.Instruments.
func (i instruments) Device(ctx context.Context, address string) (canon.Digest, error) {
	c, err := i.client(address)
	if err != nil {
		return canon.Digest{}, err
	}
	return c.Device(ctx)
}

// Measure implements supply.Instruments.
func (i instruments) Measure(ctx context.Context, address string, challenge []byte) (*genuine.Answer, error) {
	c, err := i.client(address)
	if err != nil {
		return nil, err
	}
	return c.Measure(ctx, challenge)
}
