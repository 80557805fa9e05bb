package cometbft

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/cometbft/cometbft/crypto/ed25519"
	cmtjson "github.com/cometbft/cometbft/libs/json"
	"github.com/cometbft/cometbft/p2p"
	"github.com/cometbft/cometbft/privval"
	"github.com/cometbft/cometbft/types"
)

// maxBlock is the size limit of a block in bytes.
const maxBlock = 16 << 20

// InitHome makes the folder of a node with fresh keys and returns its id, which
// peers put before its address. A folder that has keys keeps them.
func InitHome(home string) (id string, err error) {
	c := engineConfig(Config{Home: home})
	for _, dir := range []string{"config", "data"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			return "", fmt.Errorf("node home: %w", err)
		}
	}
	if _, err := os.Stat(c.PrivValidatorKeyFile()); errors.Is(err, fs.ErrNotExist) {
		// The key comes last: a key without a state ends the process that loads it,
		// and a state without a key is made again after a crash.
		pv := privval.GenFilePV(c.PrivValidatorKeyFile(), c.PrivValidatorStateFile())
		pv.LastSignState.Save()
		pv.Key.Save()
	}
	key, err := p2p.LoadOrGenNodeKey(c.NodeKeyFile())
	if err != nil {
		return "", fmt.Errorf("node key: %w", err)
	}
	return string(key.ID()), nil
}

// NewGenesis returns the engine's genesis document: our own as its app state,
// and the validators of the nodes in homes, with equal power.
func NewGenesis(chainID string, state []byte, at time.Time, homes ...string) ([]byte, error) {
	params := types.DefaultConsensusParams()
	params.Block.MaxBytes = maxBlock
	params.Validator.PubKeyTypes = []string{types.ABCIPubKeyTypeEd25519}
	doc := types.GenesisDoc{
		ChainID: chainID, GenesisTime: at.UTC().Truncate(time.Millisecond), InitialHeight: 1,
		ConsensusParams: params, AppState: json.RawMessage(state),
	}
	for i, home := range homes {
		key, err := ValidatorKey(home)
		if err != nil {
			return nil, err
		}
		doc.Validators = append(doc.Validators, types.GenesisValidator{
			PubKey: ed25519.PubKey(key), Power: 10, Name: fmt.Sprintf("validator-%d", i),
		})
	}
	if err := doc.ValidateAndComplete(); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	return cmtjson.Marshal(&doc)
}

// PutGenesis writes the engine's genesis document into a node's home.
func PutGenesis(home string, doc []byte) error {
	c := engineConfig(Config{Home: home})
	if _, err := types.GenesisDocFromJSON(doc); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	if err := os.WriteFile(c.GenesisFile(), doc, 0o600); err != nil {
		return fmt.Errorf("genesis: %w", err)
	}
	return nil
}
