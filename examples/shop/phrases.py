"""What the package's own pages say, in the shop's other languages."""

from __future__ import annotations

from . import texts


def translate(phrase: str) -> str:
    """The phrase in the visitor's language; in English, if nobody has translated it."""
    said = (phrase, *PHRASES.get(phrase, (phrase, phrase)))
    return said[list(texts.LANGUAGES).index(texts.language())]


# By what the pages say in English: in German and in French.
PHRASES = {
    "Your devices": ("Ihre Geräte", "Vos appareils"),
    "These are the places where you are signed in. If you do not recognise one of them, sign it"
    " out, and change your password.": (
        "Hier sind Sie angemeldet. Kennen Sie eines davon nicht, melden Sie es ab, und ändern"
        " Sie Ihr Passwort.",
        "Voici où vous êtes connecté·e. Si l'un de ces appareils vous est inconnu,"
        " déconnectez-le et changez votre mot de passe.",
    ),
    "Your devices cannot be listed: sessions are kept in a place that does not know whose they"
    " are.": (
        "Ihre Geräte können nicht gezeigt werden: Der gewählte Speicher weiß nicht, wem die"
        " Sitzungen gehören.",
        "Impossible d'afficher vos appareils : le stockage choisi ne sait pas à qui sont les"
        " sessions.",
    ),
    "This device": ("Dieses Gerät", "Cet appareil"),
    "Other devices": ("Andere Geräte", "Autres appareils"),
    "You are signed in nowhere else.": (
        "Sonst sind Sie nirgends angemeldet.",
        "Vous n'êtes connecté·e nulle part ailleurs.",
    ),
    "%(count)s more are not shown.": (
        "%(count)s weitere werden nicht gezeigt.",
        "%(count)s autres ne sont pas affichés.",
    ),
    "Sign out everywhere else": ("Überall sonst abmelden", "Déconnecter tous les autres"),
    "You are signed out everywhere else.": (
        "Sie sind überall sonst abgemeldet.",
        "Tous les autres appareils sont déconnectés.",
    ),
    "Sign out": ("Abmelden", "Déconnecter"),
    "Signed out: %(device)s.": ("Abgemeldet: %(device)s.", "Déconnecté : %(device)s."),
    "The device is signed out.": ("Das Gerät ist abgemeldet.", "L'appareil est déconnecté."),
    "That sign-in has ended or was renewed. Please look again.": (
        "Diese Anmeldung ist beendet oder wurde erneuert. Bitte sehen Sie noch einmal nach.",
        "Cette connexion est terminée ou a été renouvelée. Veuillez vérifier la liste.",
    ),
    "Last seen": ("Zuletzt da", "Vu"),
    "Signed in": ("Angemeldet", "Connexion"),
    "Address": ("Adresse", "Adresse"),
    "A browser": ("Ein Browser", "Un navigateur"),
    "An app": ("Eine App", "Une application"),
    "App": ("App", "Application"),
    "Phone": ("Telefon", "Téléphone"),
    "Tablet": ("Tablet", "Tablette"),
    "Computer": ("Computer", "Ordinateur"),
    "now": ("jetzt", "maintenant"),
    "just now": ("gerade eben", "à l'instant"),
    "%(count)s min ago": ("vor %(count)s Min.", "il y a %(count)s min"),
    "%(count)s h ago": ("vor %(count)s Std.", "il y a %(count)s h"),
    "a day ago": ("vor einem Tag", "il y a un jour"),
    "2 days ago": ("vor 2 Tagen", "il y a 2 jours"),
    "3 days ago": ("vor 3 Tagen", "il y a 3 jours"),
    "4 days ago": ("vor 4 Tagen", "il y a 4 jours"),
    "5 days ago": ("vor 5 Tagen", "il y a 5 jours"),
    "6 days ago": ("vor 6 Tagen", "il y a 6 jours"),
    "Nothing was done": ("Es ist nichts geschehen", "Rien n'a été fait"),
    "This form was out of date, or came from another site. Load the page again, and send it"
    " from there.": (
        "Das Formular war veraltet oder kam von einer anderen Seite. Bitte laden Sie die Seite"
        " neu, und senden Sie es von dort.",
        "Ce formulaire était périmé ou venait d'un autre site. Rechargez la page et renvoyez-le.",
    ),
    "Back to the page": ("Zurück zur Seite", "Retour à la page"),
}
