package organisation

import (
	"crypto/rand"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"theriac"
	"theriac/canon"
	"theriac/gs1"
	"theriac/internal/cometbft"
	"theriac/internal/ledger"
	"theriac/internal/registry"
	"theriac/pedigree"
)

// A Plan is an organisation that founds a network.
type Plan struct {
	Dir       string
	Settings  Settings
	Founder   bool // a member from the genesis on
	Validator bool // has a node that makes blocks from the genesis on
}

// MaxAge is how old, in seconds, evidence may be to count as genuine, in trust roots
// that are made here: a day, the time in which the gravest recalls must reach everybody.
// Who verifies may write another into his: a pharmacy that dispenses wants minutes.
const MaxAge = 24 * 60 * 60

// Profile returns the node profile of this name.
func Profile(name string) cometbft.Profile { return cometbft.Profile(name) }

// ExampleGLN returns the n-th GLN under a company prefix of the range that GS1
// keeps for examples (952).
func ExampleGLN(n int) string {
	digits := fmt.Sprintf("9521141%05d", n)
	check, err := gs1.CheckDigit(digits)
	if err != nil {
		panic(err) // twelve digits
	}
	return digits + string(check)
}

func newID() canon.ID {
	var id canon.ID
	// crypto/rand never fails.
	_, _ = rand.Read(id[:])
	return id
}

// Found makes the folders of the founders and returns the genesis document and
// the trust root of their network.
func Found(chainID string, at time.Time, plans []Plan) (genesis, trust []byte, err error) {
	var applications [][]byte
	var homes []string
	for _, p := range plans {
		if err := Create(p.Dir, p.Settings, p.Validator); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.Dir, err)
		}
		if p.Founder {
			a, err := Apply(p.Dir, chainID, p.Settings.GLN)
			if err != nil {
				return nil, nil, fmt.Errorf("%s: %w", p.Dir, err)
			}
			applications = append(applications, a)
		}
		if p.Validator {
			homes = append(homes, NodeHome(p.Dir))
		}
	}
	g := ledger.NewGenesis(applications...)
	state, err := g.Encode()
	if err != nil {
		return nil, nil, err
	}
	if genesis, err = cometbft.NewGenesis(chainID, state, at, homes...); err != nil {
		return nil, nil, err
	}
	if err := connect(plans, genesis); err != nil {
		return nil, nil, err
	}
	root, err := cometbft.TrustOf(genesis)
	if err != nil {
		return nil, nil, err
	}
	t := theriac.Trust{ChainID: root.ChainID, Height: root.Height, MaxAge: MaxAge, Validators: root.Validators}
	trust, err = t.Encode()
	return genesis, trust, err
}

// connect writes the genesis into the nodes and makes them each other's peers.
func connect(plans []Plan, genesis []byte) error {
	peers := make([]string, len(plans))
	for i, p := range plans {
		if !p.Validator {
			continue
		}
		id, err := cometbft.InitHome(NodeHome(p.Dir))
		if err != nil {
			return err
		}
		peers[i] = id + "@" + p.Settings.Node.Listen
	}
	for i, p := range plans {
		if !p.Validator {
			continue
		}
		if err := cometbft.PutGenesis(NodeHome(p.Dir), genesis); err != nil {
			return err
		}
		s := p.Settings
		for j, peer := range peers {
			if j != i && peer != "" {
				s.Node.Peers = append(s.Node.Peers, peer)
			}
		}
		if err := s.Save(p.Dir); err != nil {
			return err
		}
	}
	return nil
}

// HasNode reports whether the organisation in dir has a ledger node of its own.
func HasNode(dir string) bool {
	_, err := os.Stat(filepath.Join(NodeHome(dir), "config", "genesis.json"))
	return err == nil
}

// PutGenesis writes the genesis of a network into an organisation's node.
func PutGenesis(dir string, genesis []byte) error { return cometbft.PutGenesis(NodeHome(dir), genesis) }

// Apply returns the signed application of the organisation in dir, for the inbox
// of a governor.
func Apply(dir, chainID, governor string) (_ []byte, err error) {
	s, err := LoadSettings(dir)
	if err != nil {
		return nil, err
	}
	keys, err := openKeys(dir, s)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, keys.close()) }()
	signer, err := keys.Signer()
	if err != nil {
		return nil, err
	}
	seal, err := keys.SealKey()
	if err != nil {
		return nil, err
	}
	return registry.NewApplication(signer, s.GLN, governor, pedigree.Application{
		Chain: chainID, Endpoint: s.Endpoint, Name: s.Name, Prefixes: s.Prefixes, Roles: s.Roles,
		SealKey: seal.PublicKey().Bytes(),
	}, time.Now(), newID)
}

// FreePort returns a loopback address that nobody listens on now. It is below those
// that systems give to connections and to listeners who do not care (32768 and
// above), so that nobody gets it by chance before it is listened on.
func FreePort() (string, error) {
	var taken error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", 10_000+mathrand.IntN(20_000))
		l, err := net.Listen("tcp", address)
		if err == nil {
			return address, l.Close()
		}
		taken = err
	}
	return "", taken
}
