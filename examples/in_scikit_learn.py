"""The estimators in scikit-learn: in a pipeline, in cross-validation, in a search."""

from sklearn.datasets import load_breast_cancer
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

from ogive import OgiveClassifier

if __name__ == "__main__":
    x, y = load_breast_cancer(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x, y, random_state=0)

    # The activation function is chosen on the training rows alone.
    model = OgiveClassifier(candidates="relu,tanh,gelu", seeds=5, width=8, rates=0.03)
    model.fit(x_train, y_train)
    print(model.choice_.sentence)
    print(f"{model.activation_}: {model.score(x_test, y_test):.3f} on rows that it never saw")

    # A named function trains at once, so it may stand in searches and pipelines.
    named = OgiveClassifier("tanh", width=8, rates=(0.01, 0.03), epochs=20, random_state=0)
    network = make_pipeline(SelectKBest(k=10), named)
    print(f"tanh, cross-validated: {cross_val_score(network, x, y, cv=3).mean():.3f}")
    search = GridSearchCV(named, {"width": [4, 16]}, cv=3).fit(x_train, y_train)
    print(f"width {search.best_params_['width']}: {search.score(x_test, y_test):.3f}")
    linear = LogisticRegression(max_iter=5000).fit(x_train, y_train)
    print(f"logistic regression: {linear.score(x_test, y_test):.3f}")
