"""All that the shop says, in its three languages."""

from __future__ import annotations

from decimal import Decimal

from flask import request

from flask_sessionplus import session

from .catalog import Product

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français"}


def language() -> str:
    """The language the visitor has chosen, else the best of those their browser asks for."""
    wished = request.accept_languages.best_match(LANGUAGES, default="en")
    chosen: str = session.get("language", wished)
    return chosen


def text(key: str, **values: object) -> str:
    """The text of that name, with the values put in."""
    return TEXTS[key][list(LANGUAGES).index(language())].format(**values)


def name(product: Product) -> str:
    """What a product is called."""
    return product.names[language()]


def money(amount: Decimal) -> str:
    """An amount in euro, the way it is written in the visitor's language."""
    if language() == "en":
        return f"€{amount:,.2f}"
    return f"{amount:.2f}\N{NO-BREAK SPACE}€".replace(".", ",")


# In the order of LANGUAGES.
TEXTS = {
    "shop": ("Corner Shop", "Eckladen", "Le petit magasin"),
    "shop.claim": (
        "Good things for the house",
        "Gute Dinge fürs Haus",
        "De belles choses pour la maison",
    ),
    "shop.about": (
        "Twelve things that last. Open two tabs, fill the cart from both: nothing gets lost.",
        "Zwölf Dinge, die bleiben. Zwei Tabs öffnen, aus beiden einkaufen: nichts geht verloren.",
        "Douze objets qui durent. Remplissez le panier depuis deux onglets : rien ne se perd.",
    ),
    "skip": ("Skip to content", "Zum Inhalt", "Aller au contenu"),
    "home": ("Back to the shop", "Zurück zum Laden", "Retour au magasin"),
    "messages": ("Messages", "Meldungen", "Messages"),
    # Cart
    "cart": ("Cart", "Warenkorb", "Panier"),
    "cart.count": ("{count} in the cart", "{count} im Warenkorb", "{count} dans le panier"),
    "cart.add": ("Add to cart", "In den Warenkorb", "Ajouter au panier"),
    "cart.added": (
        "{name}: added to the cart.",
        "{name}: in den Warenkorb gelegt.",
        "{name} : ajouté au panier.",
    ),
    "cart.changed": (
        "{name}: quantity changed.",
        "{name}: Menge geändert.",
        "{name} : quantité modifiée.",
    ),
    "cart.removed": (
        "{name}: taken out of the cart.",
        "{name}: aus dem Warenkorb genommen.",
        "{name} : retiré du panier.",
    ),
    "cart.number": (
        "The quantity has to be a number.",
        "Die Menge muss eine Zahl sein.",
        "La quantité doit être un nombre.",
    ),
    "cart.empty": (
        "There is nothing in the cart yet.",
        "Im Warenkorb ist noch nichts.",
        "Le panier est encore vide.",
    ),
    "cart.quantity": ("Quantity", "Menge", "Quantité"),
    "cart.update": ("Update", "Ändern", "Modifier"),
    "cart.remove": ("Remove", "Entfernen", "Retirer"),
    "cart.each": ("{price} each", "je {price}", "{price} pièce"),
    "cart.total": ("Total", "Summe", "Total"),
    # Signing in
    "sign_in": ("Sign in", "Anmelden", "Se connecter"),
    "sign_in.name": ("User name", "Benutzername", "Nom d'utilisateur"),
    "sign_in.password": ("Password", "Passwort", "Mot de passe"),
    "sign_in.hint": (
        "This is a demonstration. Take one of these:",
        "Dies ist eine Vorführung. Zur Wahl stehen:",
        "Ceci est une démonstration. Au choix :",
    ),
    "sign_in.first": (
        "Please sign in first.",
        "Bitte zuerst anmelden.",
        "Veuillez d'abord vous connecter.",
    ),
    "sign_in.wrong": (
        "That name and password do not fit.",
        "Name und Passwort passen nicht.",
        "Nom ou mot de passe incorrect.",
    ),
    "sign_in.done": ("Welcome, {name}.", "Willkommen, {name}.", "Bienvenue, {name}."),
    "sign_out": ("Sign out", "Abmelden", "Se déconnecter"),
    "sign_out.done": ("You are signed out.", "Sie sind abgemeldet.", "Vous êtes déconnecté·e."),
    "confirm": ("Is it you?", "Sind Sie es?", "Est-ce bien vous ?"),
    "confirm.why": (
        "What comes next needs your password once more.",
        "Für das Nächste braucht es noch einmal Ihr Passwort.",
        "Pour continuer, il faut de nouveau votre mot de passe.",
    ),
    "confirm.go": ("Go on", "Weiter", "Continuer"),
    "confirm.wrong": (
        "That is not your password.",
        "Das ist nicht Ihr Passwort.",
        "Ce n'est pas votre mot de passe.",
    ),
    # For admins
    "admin": ("Sessions", "Sitzungen", "Sessions"),
    "admin.title": ("Who is signed in", "Wer angemeldet ist", "Qui est connecté"),
    "admin.dashboard": (
        "To the dashboard: how many, since when, and what went wrong",
        "Zum Dashboard: wie viele, seit wann, und was misslang",
        "Vers le tableau de bord : combien, depuis quand, et ce qui a échoué",
    ),
    "admin.browser": ("Browser", "Browser", "Navigateur"),
    "admin.address": ("Address", "Adresse", "Adresse"),
    "admin.since": ("Signed in", "Angemeldet", "Connexion"),
    "admin.seen": ("Last seen", "Zuletzt da", "Vu"),
    "admin.this": ("this one", "diese hier", "celle-ci"),
    "admin.revoke": ("End", "Beenden", "Terminer"),
    "admin.revoked": (
        "That session has ended.",
        "Diese Sitzung ist beendet.",
        "Cette session est terminée.",
    ),
    "admin.gone": (
        "That session had ended before.",
        "Diese Sitzung war schon beendet.",
        "Cette session était déjà terminée.",
    ),
    "admin.unavailable": (
        "Not available: the store that was chosen does not know whose sessions it has.",
        "Nicht möglich: Der gewählte Speicher weiß nicht, wem die Sitzungen gehören.",
        "Indisponible : le stockage choisi ne sait pas à qui sont les sessions.",
    ),
    # Account
    "devices": ("Devices", "Geräte", "Appareils"),
    "orders": ("Orders", "Bestellungen", "Commandes"),
    "account": ("Your orders", "Ihre Bestellungen", "Vos commandes"),
    "account.of": ("Signed in as {name}", "Angemeldet als {name}", "Connecté·e : {name}"),
    "account.none": ("No orders yet.", "Noch keine Bestellungen.", "Pas encore de commande."),
    "account.placed": (
        "Thank you! Your order no. {number} is on its way.",
        "Danke! Ihre Bestellung Nr. {number} ist unterwegs.",
        "Merci ! Votre commande n° {number} est en route.",
    ),
    "account.number": ("Number", "Nummer", "Numéro"),
    "account.day": ("Date", "Datum", "Date"),
    # Checkout
    "checkout": ("Checkout", "Zur Kasse", "Commander"),
    "checkout.where": (
        "Where shall we send it?",
        "Wohin dürfen wir liefern?",
        "Où devons-nous livrer ?",
    ),
    "checkout.order": ("Place the order", "Jetzt bestellen", "Valider la commande"),
    "checkout.mistakes": (
        "Some of this needs another look:",
        "Das braucht noch einen Blick:",
        "Quelques points à revoir :",
    ),
    "checkout.name": ("Full name", "Name", "Nom complet"),
    "checkout.email": ("Email", "E-Mail", "E-mail"),
    "checkout.street": ("Street and number", "Straße und Nummer", "Rue et numéro"),
    "checkout.postcode": ("Postcode", "Postleitzahl", "Code postal"),
    "checkout.city": ("Town", "Ort", "Ville"),
    "checkout.note": ("Note (optional)", "Nachricht (freiwillig)", "Message (facultatif)"),
    "wrong.name": ("Who shall get it?", "Wer soll es bekommen?", "Qui est le destinataire ?"),
    "wrong.email": (
        "This is not an email address.",
        "Das ist keine E-Mail-Adresse.",
        "Ce n'est pas une adresse e-mail.",
    ),
    "wrong.street": (
        "The street is missing.",
        "Die Straße fehlt.",
        "La rue manque.",
    ),
    "wrong.postcode": (
        "A postcode has four or five digits.",
        "Eine Postleitzahl hat vier oder fünf Ziffern.",
        "Un code postal a quatre ou cinq chiffres.",
    ),
    "wrong.city": ("The town is missing.", "Der Ort fehlt.", "La ville manque."),
    "wrong.note": ("", "", ""),
    # Preferences
    "preferences": ("Preferences", "Einstellungen", "Préférences"),
    "preferences.language": ("Language", "Sprache", "Langue"),
    "preferences.theme": ("Colours", "Farben", "Couleurs"),
    "preferences.kept": ("Your choice is kept.", "Ihre Wahl ist gemerkt.", "Votre choix est noté."),
    "theme.auto": ("Auto", "Auto", "Auto"),
    "theme.light": ("Light", "Hell", "Clair"),
    "theme.dark": ("Dark", "Dunkel", "Sombre"),
    # Errors
    "error.400": (
        "We did not understand that.",
        "Das haben wir nicht verstanden.",
        "Nous n'avons pas compris.",
    ),
    "error.403": (
        "That form was out of date, or came from another site. Nothing was done.",
        "Das Formular war veraltet oder kam von einer anderen Seite. Es ist nichts geschehen.",
        "Ce formulaire était périmé ou venait d'un autre site. Rien n'a été fait.",
    ),
    "error.role": (
        "This page is for others.",
        "Diese Seite ist für andere.",
        "Cette page est pour d'autres.",
    ),
    "error.404": (
        "There is nothing here.",
        "Hier ist nichts.",
        "Il n'y a rien ici.",
    ),
}
