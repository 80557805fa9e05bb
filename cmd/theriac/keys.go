package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"reflect"
	"time"

	"theriac/api"
	"theriac/client"
	"theriac/internal/organisation"
)

type keyCmd struct {
	New    keyNewCmd    `cmd:"" help:"Make the folder of an organisation, with its keys."`
	List   keyListCmd   `cmd:"" help:"The keys of a member, as the ledger has them."`
	Rotate keyRotateCmd `cmd:"" help:"Register a new signing key and use it."`
	Revoke keyRevokeCmd `cmd:"" help:"End a key of this organisation."`
}

type keyNewCmd struct {
	Data     string   `required:"" help:"Folder to make." placeholder:"DIR"`
	GLN      string   `required:"" help:"The organisation's GLN."`
	Name     string   `required:"" help:"Its name."`
	Role     []string `required:"" help:"Roles: supplier, manufacturer, administration, distributor, pharmacy, hospital, courier, governor."`
	Prefix   []string `help:"Licensed GS1 company prefixes."`
	Listen   string   `help:"host:port of the API." default:"127.0.0.1:8080"`
	Endpoint string   `help:"Address under which others reach it." placeholder:"URL"`
	Genesis  string   `help:"Genesis of the network to join; with it the folder gets a node." placeholder:"FILE"`
	Peer     []string `help:"id@host:port of a node to connect to; may be repeated."`
	P2P      string   `name:"peer-listen" help:"host:port for peers of the node." default:"127.0.0.1:26656"`
	SyncFrom string   `help:"API of a member from whose blocks to verify a snapshot; without it every block is fetched." placeholder:"URL"`
	Profile  string   `help:"lan or wan." enum:"lan,wan" default:"lan"`
}

func (k *keyNewCmd) Run(con *console) error {
	s, err := k.settings()
	if err != nil {
		return err
	}
	if err := organisation.Create(k.Data, *s, k.Genesis != ""); err != nil {
		return err
	}
	if kept, err := organisation.LoadSettings(k.Data); err != nil || !reflect.DeepEqual(kept, s) {
		return errors.Join(err, fmt.Errorf("%s was there already and says otherwise: edit it, or choose another folder", filepath.Join(k.Data, "organisation.json")))
	}
	if k.Genesis != "" {
		doc, err := readFile(k.Genesis)
		if err != nil {
			return err
		}
		if err := organisation.PutGenesis(k.Data, doc); err != nil {
			return err
		}
	}
	con.printf("%s: keys of %s (%s)\n", k.Data, k.Name, k.GLN)
	return nil
}

type keyListCmd struct {
	server
	Member string `arg:"" help:"GLN."`
}

func (k *keyListCmd) Run(ctx context.Context, con *console) error {
	m, err := k.member(ctx, k.Member)
	if err != nil {
		return err
	}
	return k.show(con, m.Keys, func() {
		for _, key := range m.Keys {
			con.printf("%s  %s\n", key.ID, standing(key))
		}
	})
}

// standing says since and until when a key counts.
func standing(k api.Key) string {
	at := func(ms int64) string { return time.UnixMilli(ms).UTC().Format(time.RFC3339) }
	s := "since " + at(k.From)
	if k.Until != 0 {
		s += ", until " + at(k.Until)
	}
	if k.Revoked != 0 {
		s += ", revoked " + at(k.Revoked)
	}
	return s
}

type keyRotateCmd struct{ server }

func (k *keyRotateCmd) Run(ctx context.Context, con *console) error {
	type kid struct {
		ID string `json:"kid"`
	}
	return ask(&k.server, con, post[kid](ctx, "/v1/keys", "", nil), func(key *kid) { con.printf("key %s is in use\n", key.ID) })
}

type keyRevokeCmd struct {
	server
	Key string `arg:"" help:"Thumbprint (kid) of the key."`
}

// Help implements kong.HelpProvider.
func (keyRevokeCmd) Help() string {
	return `It ends with the block that the revocation is in; what was signed before stays
valid. Put -- before a thumbprint that begins with a dash.

  theriac key list 9521141001059
  theriac key revoke -- -Z3yw0WJ0…`
}

func (k *keyRevokeCmd) Run(ctx context.Context, con *console) error {
	c, err := k.client()
	if err != nil {
		return err
	}
	if err := client.Delete(ctx, c, "/v1/keys/"+url.PathEscape(k.Key)); err != nil {
		return err
	}
	return k.show(con, map[string]string{"revoked": k.Key}, func() { con.printf("key %s is revoked\n", k.Key) })
}
