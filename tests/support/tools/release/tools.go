//go:build tools

// Package tools pins what the tests of a release run: the chart's tool and the linter of the workflows.
package tools

import (
	_ "github.com/rhysd/actionlint/cmd/actionlint"
	_ "helm.sh/helm/v4/cmd/helm"
)
