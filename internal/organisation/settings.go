package organisation

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"theriac/chain"
	"theriac/gs1"
	"theriac/internal/cometbft"
	"theriac/internal/keystore"
	"theriac/pedigree"
)

// Settings are an organisation's, kept in organisation.json of its folder.
type Settings struct {
	GLN      string       `json:"gln"`
	Name     string       `json:"name"`
	Roles    []chain.Role `json:"roles"`              // to apply for
	Prefixes []string     `json:"prefixes,omitempty"` // licensed GS1 company prefixes
	Listen   string       `json:"listen"`             // host:port of the API
	Endpoint string       `json:"endpoint"`           // address under which others reach it
	Store    string       `json:"store,omitempty"`    // empty: SQLite in the folder
	Node     NodeSettings `json:"node"`
	TLS      TLS          `json:"tls,omitzero"`
}

// NodeSettings are those of the ledger node.
type NodeSettings struct {
	Listen        string           `json:"listen"` // host:port for peers
	Peers         []string         `json:"peers,omitempty"`
	Profile       cometbft.Profile `json:"profile,omitempty"`
	SnapshotEvery int64            `json:"snapshot_every,omitempty"`
	// SyncFrom is the API of a member; a node without state begins from a
	// snapshot of its peers then, verified from the genesis.
	SyncFrom string `json:"sync_from,omitempty"`
}

// The files of an organisation's folder.
const (
	settingsFile   = "organisation.json"
	passphraseFile = "passphrase"
	tokenFile      = "token"
	keysFolder     = "keys"
	nodeFolder     = "node"
	packsFolder    = "packs"
	storeFile      = "store.db"
)

// NodeHome returns the folder of an organisation's node.
func NodeHome(dir string) string { return filepath.Join(dir, nodeFolder) }

// Token returns the operator's token, from the organisation's folder.
func Token(dir string) ([]byte, error) {
	raw, err := os.ReadFile(filepath.Join(dir, tokenFile))
	if err != nil {
		return nil, fmt.Errorf("operator's token: %w", err)
	}
	return raw, nil
}

// LoadSettings reads the settings of the organisation in dir.
func LoadSettings(dir string) (*Settings, error) {
	f, err := os.Open(filepath.Join(dir, settingsFile))
	if err != nil {
		return nil, fmt.Errorf("settings: %w", err)
	}
	defer f.Close()
	dec := json.NewDecoder(f)
	dec.DisallowUnknownFields()
	var s Settings
	if err := dec.Decode(&s); err != nil {
		return nil, fmt.Errorf("settings %s: %w", f.Name(), err)
	}
	return &s, s.check()
}

func (s *Settings) check() error {
	if err := gs1.GLN(s.GLN).Check(); err != nil {
		return fmt.Errorf("settings: gln %q: %w", s.GLN, err)
	}
	if s.Name == "" || s.Listen == "" {
		return errors.New("settings: name and listen are needed")
	}
	if p := s.Node.Profile; p != "" && p != cometbft.LAN && p != cometbft.WAN {
		return fmt.Errorf("settings: node profile %q is neither lan nor wan", p)
	}
	return nil
}

// Save writes the settings into dir.
func (s *Settings) Save(dir string) error {
	if err := s.check(); err != nil {
		return err
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, settingsFile), append(raw, '\n'), 0o600)
}

// Create makes the folder of an organisation: settings, a passphrase, fresh keys,
// the operator's token and, if it is to have one, the home of a node. What is
// there already stays, so that a creation that was interrupted can be repeated.
func Create(dir string, s Settings, node bool) error {
	if err := s.check(); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(dir, settingsFile)); errors.Is(err, os.ErrNotExist) {
		if err := s.Save(dir); err != nil {
			return err
		}
	}
	if err := once(filepath.Join(dir, passphraseFile), keystore.NewPassphrase().Bytes()); err != nil {
		return err
	}
	if err := once(filepath.Join(dir, tokenFile), keystore.NewPassphrase().Bytes()); err != nil {
		return err
	}
	if node {
		if _, err := cometbft.InitHome(NodeHome(dir)); err != nil {
			return err
		}
	}
	return createKeys(dir)
}

// once writes a file that is not there yet.
func once(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// Roles returns the roles of these names, as an application lists them.
func Roles(names []string) ([]chain.Role, error) {
	var out []chain.Role
	for _, n := range names {
		out = append(out, chain.Role(n))
	}
	slices.Sort(out)
	return out, pedigree.CheckRoles(out)
}
